/**
 * Which rules of a long chain a packet can match at all. Rules are put into groups by what they compare exactly (addresses under
 * one mask, protocol, ports, interfaces, mark); a group is one lookup, however many rules it has, and every rule found is then asked as ever.
 * What a lookup passes over would have been false by a condition that remembers nothing and comes before all that does, so the
 * rules that match, their order and what they keep are those of a walk through the whole chain.
 */
import { isUnparsed } from '../../xtables/extension.ts';
import type { MultiportInfo } from '../../xtables/matches/multiport.ts';
import type { AddressMatch, InterfaceMatch, MatchUse, Rule } from '../../xtables/rule.ts';
import type { Masked } from '../../xtables/values/mark.ts';
import type { PortTest, PortTests } from '../../xtables/values/ports.ts';
import { HEADER, type PacketKey } from './packet-key.ts';
import { Places } from './places.ts';
import { HARMLESS } from './rule-words.ts';

/** The rules a packet may match: single places, and ascending lists of places in the chain. */
export interface Candidates {
  readonly places: readonly number[];
  readonly lists: readonly (readonly number[])[];
}

/** The first place from `from` on whose rule may match; the chain's end when there is none. */
export function nextCandidate({ places, lists }: Candidates, from: number, end: number): number {
  let next = end;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    if (place >= from && place < next) next = place;
  }
  for (let i = 0; i < lists.length; i++) {
    const list = lists[i] as readonly number[];
    const found = list[firstAtLeast(list, from)];
    if (found !== undefined && found < next) next = found;
  }
  return next;
}

/** The same for who asks once. */
export function nextPlace(index: ChainIndex, packet: PacketKey, from: number, end: number): number {
  const { always, groups } = index;
  let next = always.length > 0 ? (always[firstAtLeast(always, from)] ?? end) : end;
  for (let i = 0; i < groups.length; i++) {
    const { places, shape } = groups[i] as Group;
    const found = places.get(keyOf(shape, packet));
    if (found === undefined) continue;
    const place = typeof found === 'number' ? found : (found[firstAtLeast(found, from)] ?? end);
    if (place >= from && place < next) next = place;
  }
  return next;
}

/** Does what the index gives depend on the packet's mark? */
export function marksCompared({ groups }: ChainIndex): boolean {
  return groups.some(({ shape }) => shape.mark !== 0);
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
  readonly places: Places;
}

/** What the rules of a group compare. 0: nothing of it. */
interface Shape {
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** All of the name, or so many characters before a `+`. */
  readonly in: number;
  readonly out: number;
  readonly mark: number;
}

const WHOLE_NAME = -1;
const NO_LISTS: readonly (readonly number[])[] = [];

export function candidatesOf(index: ChainIndex, packet: PacketKey): Candidates {
  const { always, groups } = index;
  const places: number[] = [];
  const lists = always.length > 0 ? [always] : [];
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as Group;
    const found = group.places.get(keyOf(group.shape, packet));
    if (found === undefined) continue;
    if (typeof found === 'number') places.push(found);
    else lists.push(found);
  }
  return { places, lists: lists.length === 0 ? NO_LISTS : lists };
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
      const places = new Places(members.length);
      for (const { at, key } of members) places.add(keyOf(shape, key), at);
      return { shape, places };
    }),
  };
}

function shapeName(shape: Shape): string {
  return Object.values(shape).join();
}

interface Compared {
  readonly shape: Shape;
  /** More than one for a list of ports. */
  readonly keys: readonly PacketKey[];
}

function comparedBy(rule: Rule): Compared | undefined {
  const protocol = rule.protocol?.invert === false ? rule.protocol.protocol : 0;
  const ports = portsOf(rule, protocol);
  const mark = markOf(rule);
  const shape: Shape = {
    source: maskOf(rule.source),
    destination: maskOf(rule.destination),
    protocol: protocol === 0 ? 0 : 1,
    sourcePort: ports.source ? 1 : 0,
    destinationPort: ports.destination ? 1 : 0,
    in: comparedName(rule.in),
    out: comparedName(rule.out),
    mark: (mark?.mask ?? 0) | 0,
  };
  const { source, destination } = shape;
  if (!source && !destination && !protocol && !shape.in && !shape.out && !shape.mark) return undefined;
  const base: PacketKey = {
    source: source ? compared(rule.source) : 0,
    destination: destination ? compared(rule.destination) : 0,
    protocol,
    sourcePort: 0,
    destinationPort: 0,
    tcpFlags: 0,
    in: rule.in?.name ?? '',
    out: rule.out?.name ?? '',
    mark: (mark?.value ?? 0) | 0,
    states: 0,
  };
  const keys = (ports.source ?? [0]).flatMap((sourcePort) =>
    (ports.destination ?? [0]).map((destinationPort) => ({ ...base, sourcePort, destinationPort })),
  );
  return { shape, keys };
}

function maskOf(match: AddressMatch | undefined): number | bigint {
  if (!match || match.invert) return 0;
  return typeof match.mask === 'number' ? match.mask | 0 : match.mask;
}

function compared(match: AddressMatch | undefined): number | bigint {
  const address = match?.address ?? 0;
  return typeof address === 'number' ? address | 0 : address;
}

function comparedName(match: InterfaceMatch | undefined): number {
  if (!match || match.invert) return 0;
  return match.wildcard ? match.name.length : WHOLE_NAME;
}

/** A mark with bits outside its mask never matches, and isn't looked up either. */
function markOf({ matches }: Rule): Masked | undefined {
  for (const { name, info } of matches) {
    if (!HARMLESS.has(name)) return undefined;
    if (name !== 'mark' || isUnparsed(info)) continue;
    const { invert, value, mask } = info as Masked & { readonly invert: boolean };
    return invert || mask === 0 || (value & ~mask) !== 0 ? undefined : { value, mask };
  }
  return undefined;
}

interface ComparedPorts {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
}

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
  if (shape.source) hash = mixIp(hash, key.source, shape.source);
  if (shape.destination) hash = mixIp(hash, key.destination, shape.destination);
  if (shape.protocol) hash = mix(hash, key.protocol);
  if (shape.sourcePort) hash = mix(hash, key.sourcePort);
  if (shape.destinationPort) hash = mix(hash, key.destinationPort);
  if (shape.in !== 0) hash = mixText(hash, key.in, shape.in);
  if (shape.out !== 0) hash = mixText(hash, key.out, shape.out);
  if (shape.mark !== 0) hash = mix(hash, key.mark & shape.mark);
  return hash;
}

function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85ebca77) ^ (mixed >>> 13);
}

function mixIp(hash: number, ip: number | bigint, mask: number | bigint): number {
  if (typeof ip === 'number') return mix(hash, ip & Number(mask));
  let mixed = hash;
  for (let rest = ip & BigInt(mask); rest > 0n; rest >>= 32n)
    mixed = mix(mixed, Number(rest & 0xffffffffn) | 0);
  return mixed;
}

function mixText(hash: number, text: string, compared: number): number {
  const end = compared === WHOLE_NAME ? text.length : Math.min(text.length, compared);
  let mixed = hash;
  for (let i = 0; i < end; i++) mixed = mix(mixed, text.charCodeAt(i));
  return mixed;
}
