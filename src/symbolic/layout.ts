/** Which header fields there are and which variables stand for their bits, the highest bit first. */
import type { Family } from '../net/ip.ts';

/** `state` and what follows it are the connection's; the types are those of addrtype, by the local table. */
export const FIELDS = [
  'iif',
  'oif',
  'protocol',
  'fragment',
  'destinationPort',
  'destination',
  'icmpType',
  'icmpCode',
  'source',
  'sourcePort',
  'tcpFlags',
  'state',
  'direction',
  'sourceNat',
  'destinationNat',
  'status',
  'mark',
  'connmark',
  'tos',
  'ttl',
  'packetType',
  'sourceType',
  'destinationType',
  'hasMac',
  'mac',
  'physin',
  'physout',
  'length',
] as const;

export type Field = (typeof FIELDS)[number];
export type InterfaceField = 'iif' | 'oif' | 'physin' | 'physout';

/** Bits of each field; the interfaces have as many as their alphabet needs. */
const BITS: Readonly<Record<Exclude<Field, InterfaceField | 'source' | 'destination'>, number>> = {
  protocol: 8,
  fragment: 1,
  state: 3,
  destinationPort: 16,
  icmpType: 8,
  icmpCode: 8,
  sourcePort: 16,
  tcpFlags: 8,
  direction: 1,
  sourceNat: 1,
  destinationNat: 1,
  status: 4,
  mark: 32,
  connmark: 32,
  tos: 8,
  ttl: 8,
  packetType: 2,
  sourceType: 4,
  destinationType: 4,
  hasMac: 1,
  mac: 48,
  length: 16,
};

/** Values of `state`. The first is what a packet of which nothing is asked is taken for. */
export const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const;
/** Values of `packetType`. */
export const PACKET_TYPES = ['unicast', 'broadcast', 'multicast'] as const;
/** Bits of `status`, the lowest first. */
export const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'] as const;
/** Values of `sourceType` and `destinationType`. */
export const ADDRESS_TYPES = [
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'MULTICAST',
  'UNSPEC',
  'ANYCAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const;

/** The levels of a field's bits, the highest bit first. */
export type Layout = Readonly<Record<Field, readonly number[]>>;

/** @param interfaces values in the alphabet of each interface field */
export function createLayout(family: Family, interfaces: Readonly<Record<InterfaceField, number>>): Layout {
  const layout = Object.fromEntries(FIELDS.map((field) => [field, [] as number[]])) as Record<
    Field,
    number[]
  >;
  let next = 0;
  for (const group of groups()) {
    const bits = Math.max(...group.map((field) => bitsOfField(field, family, interfaces)));
    for (let bit = 0; bit < bits; bit++) for (const field of group) layout[field].push(next++);
  }
  return layout;
}

/** What rules copy from one to the other has its bits side by side: the two can then be compared in few nodes. */
function groups(): Field[][] {
  return FIELDS.filter((field) => field !== 'connmark').map((field) =>
    field === 'mark' ? ['mark', 'connmark'] : [field],
  );
}

function bitsOfField(
  field: Field,
  family: Family,
  interfaces: Readonly<Record<InterfaceField, number>>,
): number {
  switch (field) {
    case 'iif':
    case 'oif':
    case 'physin':
    case 'physout':
      return Math.max(1, Math.ceil(Math.log2(interfaces[field])));
    case 'source':
    case 'destination':
      return family === 4 ? 32 : 128;
    default:
      return BITS[field];
  }
}
