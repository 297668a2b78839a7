/** nft_nat_eval(), nft_masq.c, nft_redir.c: what a nat statement asks for, as xtables' NAT targets say it. */
import { isUnknown, type Unknown, unknown } from '../base/ternary.ts';
import { bitsOf, type Family, type Ip } from '../net/ip.ts';
import { maskOf } from '../net/prefix.ts';
import type { NatRange } from '../xtables/context.ts';
import type { NftContext } from './context.ts';
import { constantOf, prefixRange } from './elements.ts';
import { evaluate, findIn } from './evaluate.ts';
import type { Expression } from './expression.ts';
import type { Nat } from './statement.ts';
import { isValue, type Value } from './value.ts';

type Bounds = { readonly min: bigint; readonly max: bigint; readonly prefix?: number };

/** Undefined: the packet has not what the mapping is made of, and the rule ends. */
export function natRange(ctx: NftContext, nat: Nat): NatRange | 'other family' | Unknown | undefined {
  const { family } = ctx.skb;
  const common = {
    manip: nat.type === 'snat' || nat.type === 'masquerade' ? ('src' as const) : ('dst' as const),
    random: nat.flags.includes('random') || nat.flags.includes('fully-random'),
    persistent: nat.flags.includes('persistent'),
  };
  const parts = nat.address ? boundsOf(ctx, nat.address) : [];
  if (parts === undefined || isUnknown(parts)) return parts;
  // nft_nat_inet_eval(): a mapping of the other family is none, and the rule goes on.
  if (nat.family !== undefined && (nat.family === 'ip') !== (family === 4)) return 'other family';
  const [address, second] = parts;
  const third = nat.port ? boundsOf(ctx, nat.port) : [second];
  if (third === undefined || isUnknown(third)) return third;
  const [port] = third;
  const ports = port ? { ports: { min: Number(port.min), max: Number(port.max) } } : {};
  if (nat.type === 'masquerade') return { ...common, address: { kind: 'masquerade' }, ...ports };
  if (nat.type === 'redirect') return { ...common, address: { kind: 'redirect' }, ...ports };
  if (!address) return { ...common, address: { kind: 'keep' }, ...ports };
  if (nat.prefix || (address.prefix !== undefined && nat.address?.kind === 'map')) {
    const length = address.prefix ?? bitsOf(family);
    return {
      ...common,
      address: { kind: 'netmap', address: ipOf(address.min, family), mask: maskOf(family, length) },
      ...ports,
    };
  }
  return {
    ...common,
    address: { kind: 'range', min: ipOf(address.min, family), max: ipOf(address.max, family) },
    ...ports,
  };
}

function ipOf(value: bigint, family: Family): Ip {
  return family === 4 ? Number(value & 0xffffffffn) : value;
}

/** Address, and port where a concatenation gives both. */
function boundsOf(ctx: NftContext, expression: Expression): (Bounds | undefined)[] | Unknown | undefined {
  switch (expression.kind) {
    case 'range': {
      const [from, to] = [evaluate(ctx, expression.from), evaluate(ctx, expression.to)];
      if (from === undefined || to === undefined) return undefined;
      if (isUnknown(from)) return from;
      if (isUnknown(to)) return to;
      if (typeof from !== 'bigint' || typeof to !== 'bigint')
        return unknown('a range that was not understood');
      return [{ min: from, max: to }];
    }
    case 'prefix': {
      const range = prefixRange(expression);
      return range
        ? [{ min: range.from, max: range.to, prefix: expression.length }]
        : unknown('a prefix that was not understood');
    }
    case 'map': {
      const found = findIn(ctx, expression.key, expression.data);
      if (found === undefined || isUnknown(found)) return found;
      const { data } = found;
      if (data === undefined) return undefined;
      if (typeof data === 'object' && 'expression' in data) return boundsOf(ctx, data.expression);
      return typeof data === 'object' && 'verdict' in data ? undefined : fromValue(data);
    }
    case 'concat': {
      const all: (Bounds | undefined)[] = [];
      for (const part of expression.parts) {
        const bounds = boundsOf(ctx, part);
        if (bounds === undefined || isUnknown(bounds)) return bounds;
        all.push(...bounds);
      }
      return all;
    }
    default: {
      const value = constantOf(expression) ?? evaluate(ctx, expression);
      return isValue(value) ? fromValue(value) : value;
    }
  }
}

function fromValue(value: Value): (Bounds | undefined)[] | Unknown {
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value];
  const numbers = values.flatMap((each) => (typeof each === 'bigint' ? [{ min: each, max: each }] : []));
  return numbers.length === values.length ? numbers : unknown('an address that was not understood');
}
