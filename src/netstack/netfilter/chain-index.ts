/**
 * Which rules of a long chain a packet can match at all. Rules are put into groups by what they compare exactly (addresses under
 * one mask, protocol, ports, interfaces); a group is one lookup, however many rules it has, and every rule found is then asked as ever.
 * What a lookup passes over would have been false by a condition that remembers nothing and comes before all that does, so the
 * rules that match, their order and what they keep are those of a walk through the whole chain.
 */
import type { Ip } from '../../net/ip.ts';
import { applyMask } from '../../net/prefix.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Skb } from '../../skb/skb.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { MultiportInfo } from '../../xtables/matches/multiport.ts';
import { destinationOf, sourceOf, u16, upperLayer } from '../../xtables/packet.ts';
import type { Chain, MatchUse, Rule } from '../../xtables/rule.ts';
import type { PortTest, PortTests } from '../../xtables/values/ports.ts';

/** The rules a packet may match, as ascending lists of places in the chain. */
export interface Candidates {
  readonly lists: readonly (readonly number[])[];
}

/** What lookups go by. */
export interface PacketKey {
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly in: string;
  readonly out: string;
}

/** Undefined: a packet whose headers are cut or missing is asked about by every rule. */
export function packetKey(skb: Skb, backend: 'nft' | 'legacy'): PacketKey | undefined {
  const { protocol, offset, fragmentOffset } = upperLayer({ skb, backend });
  if (protocol < 0) return undefined;
  const length = HEADER[protocol] ?? 0;
  if (length > 0 && (fragmentOffset > 0 || offset + length > Math.min(skb.length, skb.bytes.length)))
    return undefined;
  return {
    source: sourceOf(skb),
    destination: destinationOf(skb),
    protocol,
    sourcePort: length > 0 ? u16(skb.bytes, offset) : 0,
    destinationPort: length > 0 ? u16(skb.bytes, offset + 2) : 0,
    in: skb.in ?? '',
    out: skb.out ?? '',
  };
}

/** Bytes that have to be there for the ports to be compared and nothing else to happen. */
const HEADER: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: 20, [PROTOCOL.udp]: 8 };

/** The first place from `from` on whose rule may match; the chain's end when there is none. */
export function nextCandidate({ lists }: Candidates, from: number, end: number): number {
  let next = end;
  for (const list of lists) {
    const found = list[firstAtLeast(list, from)];
    if (found !== undefined && found < next) next = found;
  }
  return next;
}

function firstAtLeast(list: readonly number[], from: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface ChainIndex {
  readonly groups: readonly Group[];
  /** Rules that compare nothing exactly. */
  readonly always: readonly number[];
}

interface Group {
  readonly shape: Shape;
  readonly places: ReadonlyMap<number, number[]>;
}

interface Shape {
  readonly source?: Ip;
  readonly destination?: Ip;
  readonly protocol: boolean;
  readonly sourcePort: boolean;
  readonly destinationPort: boolean;
  readonly in: boolean;
  readonly out: boolean;
}

const INDEXES = new WeakMap<Chain, ChainIndex>();

export function candidatesOf(chain: Chain, packet: PacketKey): Candidates {
  let index = INDEXES.get(chain);
  if (!index) {
    index = indexChain(chain.rules);
    INDEXES.set(chain, index);
  }
  const lists: (readonly number[])[] = index.always.length > 0 ? [index.always] : [];
  for (const { shape, places } of index.groups) {
    const found = places.get(keyOf(shape, packet));
    if (found) lists.push(found);
  }
  return { lists };
}

/** A lookup per group: where rules have more shapes than that, those of the rarest are always asked. */
const MOST_GROUPS = 48;

export function indexChain(rules: readonly Rule[]): ChainIndex {
  const shapes = new Map<
    string,
    { readonly shape: Shape; readonly rules: { at: number; key: PacketKey }[] }
  >();
  const always: number[] = [];
  for (const [at, rule] of rules.entries()) {
    const compared = comparedBy(rule);
    if (!compared) {
      always.push(at);
      continue;
    }
    const name = shapeName(compared.shape);
    const group = shapes.get(name) ?? { shape: compared.shape, rules: [] };
    shapes.set(name, group);
    for (const key of compared.keys) group.rules.push({ at, key });
  }
  const bySize = [...shapes.values()].toSorted((a, b) => b.rules.length - a.rules.length);
  for (const { rules: rest } of bySize.slice(MOST_GROUPS)) always.push(...new Set(rest.map(({ at }) => at)));
  return {
    always: always.toSorted((a, b) => a - b),
    groups: bySize.slice(0, MOST_GROUPS).map(({ shape, rules: members }) => {
      const places = new Map<number, number[]>();
      for (const { at, key } of members) {
        const hash = keyOf(shape, key);
        const list = places.get(hash);
        if (!list) places.set(hash, [at]);
        else if (list.at(-1) !== at) list.push(at);
      }
      return { shape, places };
    }),
  };
}

function shapeName({ source, destination, ...rest }: Shape): string {
  return `${source ?? ''} ${destination ?? ''} ${Object.values(rest).join()}`;
}

interface Compared {
  readonly shape: Shape;
  /** More than one for a list of ports. */
  readonly keys: readonly PacketKey[];
}

function comparedBy(rule: Rule): Compared | undefined {
  const source = rule.source?.invert === false && rule.source.mask ? rule.source : undefined;
  const destination =
    rule.destination?.invert === false && rule.destination.mask ? rule.destination : undefined;
  const protocol = rule.protocol?.invert === false ? rule.protocol.protocol : 0;
  const device = (match: Rule['in']): string | undefined =>
    match && !match.invert && !match.wildcard ? match.name : undefined;
  const ports = portsOf(rule, protocol);
  const shape: Shape = {
    ...(source && { source: source.mask }),
    ...(destination && { destination: destination.mask }),
    protocol: protocol !== 0,
    sourcePort: ports.source !== undefined,
    destinationPort: ports.destination !== undefined,
    in: device(rule.in) !== undefined,
    out: device(rule.out) !== undefined,
  };
  const { protocol: one, in: two, out: three } = shape;
  if (!source && !destination && !one && !two && !three) return undefined;
  const base: PacketKey = {
    source: source?.address ?? 0,
    destination: destination?.address ?? 0,
    protocol,
    sourcePort: 0,
    destinationPort: 0,
    in: device(rule.in) ?? '',
    out: device(rule.out) ?? '',
  };
  const keys = (ports.source ?? [0]).flatMap((sourcePort) =>
    (ports.destination ?? [0]).map((destinationPort) => ({ ...base, sourcePort, destinationPort })),
  );
  return { shape, keys };
}

interface ComparedPorts {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
}

/** Matches that may stand before the ports: they remember nothing and drop nothing. */
const HARMLESS = new Set(['comment', 'conntrack', 'state', 'mark', 'connmark', 'addrtype']);

function portsOf({ matches, fragment }: Rule, protocol: number): ComparedPorts {
  if (fragment || HEADER[protocol] === undefined) return {};
  const match = matches.find(({ name }) => !HARMLESS.has(name));
  if (!match || isUnparsed(match.info)) return {};
  if (match.name === 'tcp' || match.name === 'udp') return portsOfTransport(match);
  return match.name === 'multiport' ? portsOfList(match) : {};
}

function portsOfTransport({ info }: MatchUse): ComparedPorts {
  const { source, destination } = info as PortTests;
  const single = (test: PortTest | undefined): readonly number[] | undefined =>
    test && !test.invert && test.min === test.max ? [test.min] : undefined;
  const from = single(source);
  const to = single(destination);
  return { ...(from && { source: from }), ...(to && { destination: to }) };
}

function portsOfList({ info }: MatchUse): ComparedPorts {
  const { which, invert, ports } = info as MultiportInfo;
  if (invert || which === 'ports' || ports.some(({ min, max }) => min !== max)) return {};
  const list = ports.map(({ min }) => min);
  return which === 'dports' ? { destination: list } : { source: list };
}

/** 32 bits of everything that the shape compares. Two rules with one key are both asked. */
function keyOf(shape: Shape, key: PacketKey): number {
  let hash = 0;
  if (shape.source !== undefined) hash = mixIp(hash, applyMask(key.source, shape.source));
  if (shape.destination !== undefined) hash = mixIp(hash, applyMask(key.destination, shape.destination));
  if (shape.protocol) hash = mix(hash, key.protocol);
  if (shape.sourcePort) hash = mix(hash, key.sourcePort);
  if (shape.destinationPort) hash = mix(hash, key.destinationPort);
  if (shape.in) hash = mixText(hash, key.in);
  if (shape.out) hash = mixText(hash, key.out);
  return hash;
}

function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85ebca77) ^ (mixed >>> 13);
}

function mixIp(hash: number, ip: Ip): number {
  if (typeof ip === 'number') return mix(hash, ip | 0);
  let mixed = hash;
  for (let rest = ip; rest > 0n; rest >>= 32n) mixed = mix(mixed, Number(rest & 0xffffffffn) | 0);
  return mixed;
}

function mixText(hash: number, text: string): number {
  let mixed = hash;
  for (let i = 0; i < text.length; i++) mixed = mix(mixed, text.charCodeAt(i));
  return mixed;
}
