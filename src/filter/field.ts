/** Wireshark's display filters of addresses, ports and protocols: `ip.addr == 10.0.0.2 && tcp.dstport == 443`. */
import { type EndFault, parseHost, parsePorts } from './end.ts';
import { allOf, type Filter, type Side } from './filter.ts';
import { protocolFilter } from './protocol.ts';

interface Field {
  readonly of: 'host' | 'port' | 'protocol';
  readonly side: Side;
}

const FIELDS: ReadonlyMap<string, Field> = new Map(
  (
    [
      ['addr', 'host', 'either'],
      ['host', 'host', 'either'],
      ['src', 'host', 'source'],
      ['src_host', 'host', 'source'],
      ['dst', 'host', 'destination'],
      ['dst_host', 'host', 'destination'],
      ['port', 'port', 'either'],
      ['srcport', 'port', 'source'],
      ['dstport', 'port', 'destination'],
      ['proto', 'protocol', 'either'],
      ['nxt', 'protocol', 'either'],
    ] as const
  ).map(([name, of, side]) => [name, { of, side }]),
);
const NETWORK = new Set(['ip', 'ipv6']);
const TRANSPORT = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite']);

export function isField(word: string): boolean {
  return known(word) !== undefined;
}

export function fieldFilter(word: string, value: string): Filter | EndFault {
  const field = known(word);
  if (!field) return { wrong: `the field ${word} is not known here` };
  if (field.of === 'host') {
    const host = parseHost(value);
    return 'wrong' in host ? host : { kind: 'host', side: field.side, host };
  }
  if (field.of === 'protocol') return protocolFilter(value) ?? { wrong: `${value} is no protocol` };
  const ports = parsePorts(value);
  if ('wrong' in ports) return ports;
  const protocol = protocolFilter(word.split('.')[0] ?? '');
  return allOf([...(protocol ? [protocol] : []), { kind: 'port', side: field.side, ports }]);
}

function known(word: string): Field | undefined {
  const [layer = '', name = '', ...rest] = word.split('.');
  const field = FIELDS.get(name);
  if (!field || rest.length > 0) return undefined;
  return (field.of === 'port' ? TRANSPORT : NETWORK).has(layer) ? field : undefined;
}
