/** What is in an IP set, as a set of packets: for types whose elements are addresses, networks and ports of the header. */
import type { AddressPart, IpSet, Part, PortPart, SetEntry } from '../ipset/record.ts';
import { typeOf } from '../ipset/types.ts';
import { bitsOf, type Ip } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { ALL, NONE, type Node } from './bdd.ts';
import type { Space } from './space.ts';
import { unionOfPrefixes } from './vector.ts';

export type Directions = readonly ('src' | 'dst')[];

const ADDRESSES = new Set(['ip', 'net']);
/** Lists of sets may be nested once by the kernel's rules; a dump put together by hand may go round in circles. */
const DEEPEST = 3;

/**
 * Packets that the set has, or undefined where no header decides: interfaces, MAC addresses, marks, bit masks; exceptions in more than
 * one dimension; sets of which only the header was dumped. Elements that will time out are in it.
 */
export function setMembers(
  space: Space,
  set: IpSet,
  directions: Directions,
  find: (name: string) => IpSet | undefined,
  depth = 0,
): Node | undefined {
  const { header, entries } = set;
  if (!entries || header.bitmask !== undefined || depth > DEEPEST) return undefined;
  const type = typeOf(header);
  // ip_set_test(): the kernel asks no set of the other family, nor with fewer directions than it has dimensions.
  if (header.family !== undefined && header.family !== space.family) return NONE;
  if (directions.length < type.dimensions.length) return NONE;
  if (type.store === 'list') {
    let union: Node | undefined = NONE;
    for (const { parts } of entries) {
      const member = parts[0]?.kind === 'member' ? find(parts[0].name) : undefined;
      const members = member && setMembers(space, member, directions, find, depth + 1);
      union = union === undefined || members === undefined ? undefined : space.bdd.or(union, members);
    }
    return union;
  }
  const dimensions = type.dimensions.map(({ name }) => name);
  if (type.name === 'bitmap:port') return barePorts(space, entries, directions[0] ?? 'dst');
  if (!dimensions.every((name) => ADDRESSES.has(name) || name === 'port')) return undefined;
  if (dimensions.length === 1) return addresses(space, set, directions[0] ?? 'dst');
  if (entries.some(({ nomatch }) => nomatch)) return undefined;
  return space.bdd.union(
    entries.map(({ parts }) => {
      let node = ALL;
      for (const [at, part] of parts.entries())
        node = space.bdd.and(node, partHolds(space, part, directions[at] ?? 'dst', header.netmask));
      return node;
    }),
  );
}

/** The longest prefix decides, where some are exceptions. */
function addresses(space: Space, { header, entries = [] }: IpSet, direction: 'src' | 'dst'): Node {
  const levels = space.layout[direction === 'src' ? 'source' : 'destination'];
  const prefixes = entries.flatMap((entry) =>
    entry.parts.flatMap((part) =>
      prefixesOf(part, header.netmask, space.family).map((prefix) => ({ ...prefix, nomatch: entry.nomatch })),
    ),
  );
  if (!prefixes.some(({ nomatch }) => nomatch)) return unionOfPrefixes(space.bdd, levels, prefixes);
  let set = NONE;
  for (const length of [...new Set(prefixes.map((each) => each.length))].toSorted((a, b) => a - b)) {
    const own = prefixes.filter((each) => each.length === length);
    const within = unionOfPrefixes(
      space.bdd,
      levels,
      own.filter(({ nomatch }) => !nomatch),
    );
    const without = unionOfPrefixes(
      space.bdd,
      levels,
      own.filter(({ nomatch }) => nomatch),
    );
    set = space.bdd.diff(space.bdd.or(set, within), without);
  }
  return set;
}

function partHolds(space: Space, part: Part, direction: 'src' | 'dst', netmask: number | undefined): Node {
  if (part.kind === 'port') return portHolds(space, part, direction);
  const levels = space.layout[direction === 'src' ? 'source' : 'destination'];
  return unionOfPrefixes(space.bdd, levels, prefixesOf(part, netmask, space.family));
}

function prefixesOf(
  part: Part,
  netmask: number | undefined,
  family: 4 | 6,
): Pick<AddressPart, 'address' | 'length'>[] {
  if (part.kind === 'address') {
    const length = Math.min(part.length, netmask ?? bitsOf(family));
    return [{ address: part.address, length }];
  }
  if (part.kind !== 'range') return [];
  return coverOf(part.first, part.last).map(({ address, length }) => ({
    address,
    length: Math.min(length, netmask ?? 32),
  }));
}

/** The fewest prefixes that are the range. */
function coverOf(first: number, last: number): { address: Ip; length: number }[] {
  const prefixes: { address: Ip; length: number }[] = [];
  for (let at = first; at <= last; ) {
    let length = 32;
    while (length > 0 && at % 2 ** (33 - length) === 0 && at + 2 ** (33 - length) - 1 <= last) length--;
    prefixes.push({ address: at, length });
    at += 2 ** (32 - length);
  }
  return prefixes;
}

/** ip_set_get_ip_port(): ICMP has its type and code there; a protocol without ports has 0. */
function portHolds(space: Space, part: PortPart, direction: 'src' | 'dst'): Node {
  const { bdd, family } = space;
  const { protocol = PROTOCOL.tcp, port, last = port } = part;
  const own = space.equals('protocol', protocol);
  if (protocol === (family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'])) {
    const first = bdd.and(space.equals('icmpType', port >> 8), space.equals('icmpCode', port & 0xff));
    return bdd.diff(bdd.and(own, first), space.equals('fragment', 1));
  }
  if (!WITH_PORTS.has(protocol)) return port === 0 ? own : NONE;
  const field = direction === 'src' ? 'sourcePort' : 'destinationPort';
  return bdd.diff(bdd.and(own, space.inRange(field, port, last)), space.equals('fragment', 1));
}

/** Of which ipset reads ports. */
const WITH_PORTS: ReadonlySet<number> = new Set([
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.sctp,
  PROTOCOL.udplite,
]);

function barePorts(space: Space, entries: readonly SetEntry[], direction: 'src' | 'dst'): Node {
  const { bdd } = space;
  const field = direction === 'src' ? 'sourcePort' : 'destinationPort';
  const ports = space.bdd.union(
    entries.flatMap(({ parts }) =>
      parts.flatMap((part) =>
        part.kind === 'port' ? [space.inRange(field, part.port, part.last ?? part.port)] : [],
      ),
    ),
  );
  const transport = bdd.or(space.equals('protocol', PROTOCOL.tcp), space.equals('protocol', PROTOCOL.udp));
  return bdd.diff(bdd.and(ports, transport), space.equals('fragment', 1));
}
