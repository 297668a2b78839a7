/**
 * Matches as sets of packets, by the match's name: what xtables/matches says of one packet, said of all. A match that isn't here, or gives
 * undefined, is decided by something else than the header.
 */
import type { IpSet } from '../ipset/record.ts';
import type { AddrtypeInfo } from '../xtables/matches/addrtype.ts';
import type { ConnmarkInfo } from '../xtables/matches/connmark.ts';
import type { ConntrackInfo } from '../xtables/matches/conntrack.ts';
import type { DscpInfo } from '../xtables/matches/dscp.ts';
import type { EcnInfo } from '../xtables/matches/ecn.ts';
import type { IcmpInfo } from '../xtables/matches/icmp.ts';
import type { IprangeInfo } from '../xtables/matches/iprange.ts';
import type { LengthInfo } from '../xtables/matches/length.ts';
import type { MacInfo } from '../xtables/matches/mac.ts';
import type { MarkInfo } from '../xtables/matches/mark.ts';
import type { MultiportInfo } from '../xtables/matches/multiport.ts';
import type { PhysdevInfo } from '../xtables/matches/physdev.ts';
import type { PkttypeInfo } from '../xtables/matches/pkttype.ts';
import type { SetInfo } from '../xtables/matches/set.ts';
import type { StateInfo } from '../xtables/matches/state.ts';
import type { TcpInfo } from '../xtables/matches/tcp.ts';
import type { TosInfo } from '../xtables/matches/tos.ts';
import type { TtlInfo } from '../xtables/matches/ttl.ts';
import type { PortTest, PortTests } from '../xtables/values/ports.ts';
import { portPattern } from './alphabet.ts';
import { ALL, NONE, type Node } from './bdd.ts';
import { ADDRESS_TYPES, type Field, PACKET_TYPES, STATES, STATUSES } from './layout.ts';
import { setMembers } from './set-members.ts';
import type { Space } from './space.ts';

export interface PredicateContext {
  readonly space: Space;
  readonly backend: 'nft' | 'legacy';
  /** Undefined when it was not dumped, or rules change it. */
  set(name: string): IpSet | undefined;
  /** The part of the match that no header decides: a condition of its own, the same for the same `part`. */
  undecided(part?: string): Node;
}

type Predicate<Info> = (info: Info, context: PredicateContext) => Node;

/** The list holds predicates of many info types; each only ever gets the info of its match. */
function predicate<Info>(of: Predicate<Info>): Predicate<unknown> {
  return of as Predicate<unknown>;
}

/** What a header decides, by the name of the match. All others may hold or not. */
export const PREDICATES: Readonly<Record<string, Predicate<unknown>>> = {
  comment: () => ALL,
  tcp: predicate(tcp),
  udp: predicate(transport(true)),
  udplite: predicate(transport(false)),
  sctp: predicate(withDetails('chunks')),
  dccp: predicate(withDetails('types', 'option')),
  multiport: predicate(multiport),
  iprange: predicate<IprangeInfo>(({ source, destination }, { space }) => {
    const side = (field: Field, test: IprangeInfo['source']): Node =>
      test ? flip(space, space.inRange(field, test.min, test.max), test.invert) : ALL;
    return space.bdd.and(side('source', source), side('destination', destination));
  }),
  icmp: predicate(icmp),
  icmp6: predicate(icmp),
  icmpv6: predicate(icmp),
  'ipv6-icmp': predicate(icmp),
  state: predicate<StateInfo>(({ invert, states }, { space }) =>
    flip(space, inStates(space, states), invert),
  ),
  conntrack: predicate(conntrack),
  mark: predicate<MarkInfo>(({ invert, value, mask }, { space }) =>
    flip(space, space.equals('mark', value, mask), invert),
  ),
  connmark: predicate<ConnmarkInfo>(({ invert, value, mask }, { space }) =>
    space.bdd.and(hasEntry(space), flip(space, space.equals('connmark', value, mask), invert)),
  ),
  tos: predicate<TosInfo>(({ invert, value, mask }, { space }) =>
    flip(space, space.equals('tos', value, mask), invert),
  ),
  dscp: predicate<DscpInfo>(({ invert, dscp }, { space }) =>
    flip(space, space.equals('tos', dscp << 2, 0xfc), invert),
  ),
  ecn: predicate(ecn),
  ttl: predicate(ttl),
  hl: predicate(ttl),
  length: predicate<LengthInfo>(({ invert, min, max }, { space }) =>
    flip(space, space.inRange('length', min, max), invert),
  ),
  pkttype: predicate<PkttypeInfo>(({ invert, type }, { space }) => {
    const code = (PACKET_TYPES as readonly string[]).indexOf(type);
    return flip(space, code < 0 ? NONE : space.equals('packetType', code), invert);
  }),
  mac: predicate<MacInfo>(({ invert, mac }, { space }) =>
    space.bdd.and(space.equals('hasMac', 1), flip(space, space.equals('mac', mac), invert)),
  ),
  physdev: predicate(physdev),
  addrtype: predicate(addrtype),
  set: predicate(set),
};

export function flip(space: Space, set: Node, invert: boolean): Node {
  return invert ? space.bdd.not(set) : set;
}

/** xt matches of a transport header look at no later fragment. */
function inFirst(space: Space, set: Node): Node {
  return space.bdd.diff(set, space.equals('fragment', 1));
}

function port(space: Space, field: 'sourcePort' | 'destinationPort', test: PortTest | undefined): Node {
  return test ? flip(space, space.inRange(field, test.min, test.max), test.invert) : ALL;
}

function ports(space: Space, { source, destination }: PortTests): Node {
  return space.bdd.and(port(space, 'sourcePort', source), port(space, 'destinationPort', destination));
}

/** nativePortsHold() of xtables/values/ports.ts: two single ports that are both inverted are one comparison. */
function nativePorts(space: Space, tests: PortTests): Node {
  const isSingle = (test: PortTest | undefined): boolean =>
    test?.invert === true && test.min === test.max && test.min !== 0;
  if (!isSingle(tests.source) || !isSingle(tests.destination)) return ports(space, tests);
  return space.bdd.or(
    port(space, 'sourcePort', tests.source),
    port(space, 'destinationPort', tests.destination),
  );
}

/** nft's own comparisons read a later fragment as if it began with a header. */
function tcp(info: TcpInfo, { space, backend, undecided }: PredicateContext): Node {
  const { bdd } = space;
  const { flags, option, source, destination } = info;
  const native = backend === 'nft' && !option && (source ?? destination ?? flags) !== undefined;
  let set = native ? nativePorts(space, info) : inFirst(space, ports(space, info));
  if (flags)
    set = bdd.and(set, flip(space, space.equals('tcpFlags', flags.compare, flags.mask), flags.invert));
  return option ? bdd.and(set, flip(space, undecided(`option ${option.kind}`), option.invert)) : set;
}

function transport(native: boolean): Predicate<PortTests> {
  return (info, { space, backend }) =>
    native && backend === 'nft' && (info.source ?? info.destination) !== undefined
      ? nativePorts(space, info)
      : inFirst(space, ports(space, info));
}

/** Ports, and behind them what a header has that nobody here has variables for. */
function withDetails(...keys: readonly string[]): Predicate<PortTests> {
  return (info, { space, undecided }) => {
    const own = inFirst(space, ports(space, info));
    const more = keys.some((key) => (info as Readonly<Record<string, unknown>>)[key] !== undefined);
    return more ? space.bdd.and(own, undecided()) : own;
  };
}

function multiport({ which, invert, ports: list }: MultiportInfo, { space }: PredicateContext): Node {
  const { bdd } = space;
  let set = NONE;
  for (const { min, max } of list) {
    if (which !== 'dports') set = bdd.or(set, space.inRange('sourcePort', min, max));
    if (which !== 'sports') set = bdd.or(set, space.inRange('destinationPort', min, max));
  }
  return inFirst(space, flip(space, set, invert));
}

function icmp({ invert, any, type, minCode, maxCode }: IcmpInfo, { space }: PredicateContext): Node {
  const own = space.bdd.and(space.equals('icmpType', type), space.inRange('icmpCode', minCode, maxCode));
  return inFirst(space, flip(space, any ? ALL : own, invert));
}

/** The packet has a connection. */
export function hasEntry(space: Space): Node {
  return space.oneOf(
    'state',
    (['NEW', 'ESTABLISHED', 'RELATED'] as const).map((state) => STATES.indexOf(state)),
  );
}

function inStates(space: Space, states: readonly string[]): Node {
  const { bdd } = space;
  const codes = STATES.flatMap((state, code) => (states.includes(state) ? [code] : []));
  const translated = (name: string, field: Field): Node =>
    states.includes(name) ? bdd.and(hasEntry(space), space.equals(field, 1)) : NONE;
  return bdd.or(
    space.oneOf('state', codes),
    bdd.or(translated('SNAT', 'sourceNat'), translated('DNAT', 'destinationNat')),
  );
}

/** A packet without a connection fits when a state is asked for, whatever else is. */
function conntrack(info: ConntrackInfo, { space, undecided }: PredicateContext): Node {
  const { bdd } = space;
  const { state, status, direction, protocol, expire } = info;
  const states = state ? flip(space, inStates(space, state.value), state.invert) : ALL;
  let others = ALL;
  if (direction) others = bdd.and(others, space.equals('direction', direction === 'ORIGINAL' ? 0 : 1));
  if (status) {
    const any = STATUSES.reduce(
      (set, name, bit) =>
        status.value.includes(name) ? bdd.or(set, space.equals('status', 1 << bit, 1 << bit)) : set,
      NONE,
    );
    others = bdd.and(others, flip(space, any, status.invert));
  }
  if (protocol)
    others = bdd.and(others, flip(space, undecided(`ctproto ${protocol.value}`), protocol.invert));
  for (const [key, test] of [...Object.entries(info.addresses), ...Object.entries(info.ports)]) {
    others = bdd.and(
      others,
      flip(space, undecided(`${key} ${Object.values(test.value).join('/')}`), test.invert),
    );
  }
  if (expire) {
    const left = undecided(`ctexpire ${expire.value.min}:${expire.value.max}`);
    others = bdd.and(others, flip(space, left, expire.invert));
  }
  return bdd.and(states, bdd.ite(hasEntry(space), others, state === undefined ? NONE : ALL));
}

const TCP = 6;

function ecn({ ece, cwr, ect }: EcnInfo, { space }: PredicateContext): Node {
  const { bdd } = space;
  const ip = ect ? flip(space, space.equals('tos', ect.value, 3), ect.invert) : ALL;
  const echo = ece ? flip(space, space.equals('tcpFlags', 0x40, 0x40), ece.invert) : ALL;
  const reduced = cwr ? flip(space, space.equals('tcpFlags', 0x80, 0x80), cwr.invert) : ALL;
  return bdd.and(ip, bdd.ite(space.equals('protocol', TCP), bdd.and(echo, reduced), ALL));
}

function ttl({ relation, invert, value }: TtlInfo, { space }: PredicateContext): Node {
  if (relation === 'lt') return value === 0 ? NONE : space.inRange('ttl', 0, value - 1);
  if (relation === 'gt') return value >= 255 ? NONE : space.inRange('ttl', value + 1, 255);
  return flip(space, space.equals('ttl', value), invert);
}

function physdev(info: PhysdevInfo, { space }: PredicateContext): Node {
  const { bdd } = space;
  let set = ALL;
  const there = (field: 'physin' | 'physout', test: { readonly invert: boolean } | undefined): void => {
    if (test) set = bdd.and(set, flip(space, space.equals(field, space.alphabets[field].none), !test.invert));
  };
  const named = (field: 'physin' | 'physout', test: PhysdevInfo['in']): void => {
    if (!test) return;
    const { none, ...alphabet } = space.alphabets[field];
    const codes = alphabet.codesOf(portPattern(test.name)).filter((code) => code !== none);
    set = bdd.and(set, flip(space, space.oneOf(field, codes), test.invert));
  };
  there('physout', info.isBridged);
  there('physin', info.isIn);
  there('physout', info.isOut);
  named('physin', info.in);
  named('physout', info.out);
  return set;
}

/** Of IPv6 the types overlap, and with an interface they are another question: those are undecided. */
function addrtype(
  { source, destination, limit }: AddrtypeInfo,
  { space, undecided }: PredicateContext,
): Node {
  const side = (name: 'source' | 'destination', test: AddrtypeInfo['source']): Node => {
    if (!test) return ALL;
    const codes = ADDRESS_TYPES.flatMap((type, code) => (test.types.includes(type) ? [code] : []));
    const own =
      space.family === 6 || limit
        ? undecided(`${name} ${test.types.join(',')} ${limit ?? ''}`.trimEnd())
        : space.oneOf(`${name}Type`, codes);
    return flip(space, own, test.invert);
  };
  return space.bdd.and(side('source', source), side('destination', destination));
}

function set(info: SetInfo, context: PredicateContext): Node {
  const { space, undecided } = context;
  const found = context.set(info.name);
  const members =
    found && info.counters.length === 0 && !info.returnNomatch
      ? setMembers(space, found, info.directions, (name) => context.set(name))
      : undefined;
  return flip(space, members ?? undecided(), info.invert);
}
