/** The datatype and width of what an expression gives: what constants beside it are read as. */
import { DATATYPES, type Datatype } from './datatype.ts';
import type { Expression } from './expression.ts';
import { CT_KEYS, META_KEYS } from './keys.ts';
import type { KeyPart } from './set.ts';

/** Undefined where the expression itself doesn't tell: sets, constants of a list, unknown ones. */
export function typeOf(expression: Expression): KeyPart | undefined {
  switch (expression.kind) {
    case 'constant':
    case 'text':
      return named(expression.type);
    case 'payload':
    case 'exthdr':
    case 'option':
      return expression.bits === 0 ? named('boolean') : { type: expression.type, bits: expression.bits };
    case 'meta':
      return META_KEYS[expression.key];
    case 'ct':
      return expression.family === 'ip' && (expression.key === 'saddr' || expression.key === 'daddr')
        ? named('ipv4_addr')
        : CT_KEYS[expression.key];
    case 'fib':
      return expression.result === 'type'
        ? named('fib_addrtype')
        : expression.result === 'oif'
          ? named('iface_index')
          : expression.result === 'oifname'
            ? named('ifname')
            : named('boolean');
    case 'rt':
      if (expression.key === 'classid') return named('realm');
      if (expression.key === 'mtu') return { type: 'integer', bits: 16 };
      if (expression.key === 'ipsec') return named('boolean');
      return named(expression.family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr');
    case 'socket':
      return expression.key === 'mark'
        ? named('mark')
        : expression.key === 'cgroupv2'
          ? named('cgroupsv2')
          : { type: 'integer', bits: 8 };
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return { type: 'integer', bits: 32 };
    case 'binary':
      return typeOf(expression.left);
    case 'range':
      return typeOf(expression.from);
    case 'prefix':
      return typeOf(expression.address);
    case 'verdict':
      return named('verdict');
    case 'osf':
      return { type: 'string', bits: 128 };
    case 'ipsec':
      if (expression.key === 'saddr' || expression.key === 'daddr') {
        return named(expression.family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr');
      }
      return { type: 'integer', bits: 32 };
    case 'any':
    case 'list':
    case 'concat':
    case 'set':
    case 'set-ref':
    case 'map':
    case 'unknown':
      return undefined;
  }
}

function named(type: Datatype): KeyPart {
  return { type, bits: DATATYPES[type].bits };
}
