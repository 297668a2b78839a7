/** What becomes of packets in two states, held against each other: who decides, and what is made of those that go on. */
import { addTo } from '../base/group-by.ts';
import { ALL, NONE, type Node } from '../symbolic/bdd.ts';
import { type Field, STATES } from '../symbolic/layout.ts';
import type { Way } from '../symbolic/path.ts';
import type { Space } from '../symbolic/space.ts';
import type { Place, Share, Walker } from '../symbolic/walk.ts';

/** What becomes of a set of packets in one state. */
export interface Part {
  readonly kind: 'accept' | 'drop' | 'reject' | 'queue' | 'stop';
  /** What a REJECT answers, the words of another target that stops packets. */
  readonly text: string;
  /** The rules or policies that decided; one, where only one state has it. Empty where no filter table has an opinion. */
  readonly places: readonly Place[];
  readonly node: Node;
}

/** What may be made of a packet that goes on in both states. */
export const ASPECTS = [
  'destination',
  'source',
  'mark',
  'connmark',
  'tos',
  'ttl',
  'tracking',
  'other',
] as const;
export type Aspect = (typeof ASPECTS)[number];

/** Packets that one decision meets before and another one after, or that go on with other marks or addresses. */
export interface Difference {
  readonly way: Way;
  readonly node: Node;
  readonly before: Part;
  readonly after: Part;
  /** In what packets differ that both states let go on. */
  readonly aspects: readonly Aspect[];
  /** What the packets are at the end of their way, as functions of what they came as; of these packets alone. */
  readonly runs: Readonly<Record<'before' | 'after', Walker>>;
}

export type Pair<T> = Readonly<Record<'before' | 'after', T>>;

/** One set of packets after both walks. */
export interface Walked {
  readonly way: Way;
  readonly runs: Pair<Walker>;
  /** What went into the first hook. */
  readonly region: Node;
  /** What goes on behind all hooks. */
  readonly left: Pair<Node>;
  /** Both states track connections. */
  readonly tracks: boolean;
  readonly isChanged: (place: Place) => boolean;
}

export function differencesOf(space: Space, walked: Walked): Difference[] {
  const { way, runs, left, tracks } = walked;
  const { bdd } = space;
  const found: Difference[] = [];
  const parts = {
    before: partsOf(space, walked, 'before'),
    after: partsOf(space, walked, 'after'),
  };
  const cross = (region: Node, aspects: readonly Aspect[], pairs: Iterable<Pair<PartGroup>>): void => {
    for (const { before, after } of pairs)
      for (const one of told(space, before, bdd.and(region, after.node)))
        for (const other of told(space, after, bdd.and(region, one.own)))
          found.push({ way, node: other.node, before: one, after: other, aspects, runs });
  };
  cross(ALL, [], differentPairs(pairsIn(space, parts, differentEnds(space, parts))));
  for (const { node, aspects } of differentlyMade(space, runs, bdd.and(left.before, left.after), tracks))
    cross(node, aspects, pairsIn(space, parts, node));
  return found;
}

/** Those that both have packets of the set; one by one, since of unlike rulesets there are as many as rules by rules. */
function* pairsIn(
  { bdd }: Space,
  { before, after }: Pair<readonly PartGroup[]>,
  set: Node,
): Generator<Pair<PartGroup>> {
  const there = after.filter(({ node }) => bdd.meets(set, node));
  for (const one of before) {
    if (!bdd.meets(set, one.node)) continue;
    for (const other of there) yield { before: one, after: other };
  }
}

function* differentPairs(pairs: Iterable<Pair<PartGroup>>): Generator<Pair<PartGroup>> {
  for (const pair of pairs) if (endOf(pair.before) !== endOf(pair.after)) yield pair;
}

/** What the sender or receiver sees of a decision. */
function endOf({ kind, text }: Part): string {
  return `${kind} ${text}`;
}

/** Rules that both states have are told one by one only where they are few. */
const MOST_PLACES = 3;

interface Member extends Share {
  /** Absent where it was no rule. */
  readonly place?: Place | undefined;
}

interface PartGroup extends Part {
  readonly members: readonly Member[];
}

/** What of a part was told. */
interface Told extends Part {
  /** All packets of the rules that are named, whatever the set. */
  readonly own: Node;
}

/** The part's packets of the set, by rule, or together with all the rules. */
function told({ bdd }: Space, { kind, text, members, node }: PartGroup, set: Node): Told[] {
  const within = (own: Node, places: readonly Place[]): Told[] => {
    const common = bdd.and(own, set);
    return common === NONE ? [] : [{ kind, text, places, node: common, own }];
  };
  const placesOf = ({ place }: Member): Place[] => (place ? [place] : []);
  if (members.length <= 1) return within(node, members.flatMap(placesOf));
  const asked = members.filter(
    (member) => bdd.meets(set, member.set) && bdd.meets(bdd.and(set, member.set), member.reach),
  );
  if (asked.length > MOST_PLACES) return within(node, asked.flatMap(placesOf));
  return asked.flatMap((member) => within(bdd.and(member.set, member.reach), placesOf(member)));
}

/** Packets that end by the same two decisions are one difference, whichever rules led there. */
export function mergeDifferences({ bdd }: Space, differences: readonly Difference[]): Difference[] {
  const byDecision = new Map<string, Difference>();
  const numbers = new Map<unknown, number>();
  const numberOf = (each: unknown): number => {
    const number = numbers.get(each) ?? numbers.size;
    numbers.set(each, number);
    return number;
  };
  const keyOf = ({ kind, text, places }: Part): string => {
    const [place] = places;
    return `${kind} ${text} ${places.length > 1 ? 'several' : place && `${numberOf(place.chain)} ${place.number}`}`;
  };
  const joined = (one: Part, other: Part): Part => ({
    ...one,
    places: [
      ...new Map(
        [...one.places, ...other.places].map((place) => [place.rule ?? place.chain, place]),
      ).values(),
    ],
  });
  for (const [i, difference] of differences.entries()) {
    const { way, before, after, aspects, node } = difference;
    const key = aspects.length > 0 ? String(i) : `${way}, ${keyOf(before)}, ${keyOf(after)}`;
    const known = byDecision.get(key);
    const both = known && {
      ...known,
      before: joined(known.before, before),
      after: joined(known.after, after),
      node: bdd.or(known.node, node),
    };
    byDecision.set(key, both ?? difference);
  }
  return [...byDecision.values()];
}

/** Packets that end otherwise: stopped in one state alone, or by another answer. */
function differentEnds({ bdd }: Space, parts: Pair<readonly PartGroup[]>): Node {
  const byEnd = (own: readonly PartGroup[]): Map<string, Node> => {
    const sets = new Map<string, Node[]>();
    for (const { kind, text, node } of own) {
      const key = `${kind} ${text}`;
      addTo(sets, key, node);
    }
    return new Map([...sets].map(([key, nodes]) => [key, bdd.union(nodes)]));
  };
  const [before, after] = [byEnd(parts.before), byEnd(parts.after)];
  const keys = new Set([...before.keys(), ...after.keys()]);
  return bdd.union([...keys].map((key) => bdd.xor(before.get(key) ?? NONE, after.get(key) ?? NONE)));
}

interface Group {
  readonly kind: Part['kind'];
  readonly text: string;
  readonly members: Member[];
}

/**
 * All packets of a run, by what became of them and who decided: each rule that only one state has by itself, all others together.
 * What goes on is told by the last filter table that it went through.
 */
function partsOf(
  { bdd }: Space,
  { runs, left, region, isChanged }: Walked,
  side: 'before' | 'after',
): PartGroup[] {
  const { ends, accepted } = runs[side];
  const groups = new Map<string, Group>();
  const add = (kind: Part['kind'], text: string, member: Member, i: number): void => {
    const key = `${kind} ${text} ${member.place && isChanged(member.place) ? i : ''}`;
    const group = groups.get(key) ?? { kind, text, members: [] };
    groups.set(key, group);
    group.members.push(member);
  };
  for (const [i, { kind, text, place, reach, set }] of ends.entries())
    add(kind, text, { place, reach, set }, i);
  let rest = left[side];
  for (const [i, { base, place, reach, set }] of accepted.toReversed().entries()) {
    if (base.table.name !== 'filter' || !bdd.meets(rest, set)) continue;
    const own = bdd.and(bdd.and(rest, set), reach);
    if (own === NONE) continue;
    add('accept', '', { place, reach: own, set: ALL }, i);
    rest = bdd.diff(rest, own);
  }
  if (rest !== NONE) groups.set('accept by none', { kind: 'accept', text: '', members: [] });
  return partsOfGroups(bdd, [...groups.values()], { region, rest });
}

/** Every packet of the region is in one group: the one with the most members is what the others leave. */
function partsOfGroups(
  bdd: Space['bdd'],
  groups: readonly Group[],
  { region, rest }: { readonly region: Node; readonly rest: Node },
): PartGroup[] {
  const largest = groups.toSorted((a, b) => b.members.length - a.members.length)[0];
  const nodes = groups.map((group) => {
    if (group === largest && group.members.length > 0) return undefined;
    return group.members.length === 0
      ? rest
      : bdd.union(group.members.map(({ reach, set }) => bdd.and(reach, set)));
  });
  const others = bdd.union(nodes.map((node) => node ?? NONE));
  return groups.map(({ kind, text, members }, i) => ({
    kind,
    text,
    places: members.flatMap(({ place }) => place ?? []),
    node: nodes[i] ?? bdd.diff(region, others),
    members,
  }));
}

/** What of a packet an aspect is read from. */
export const FIELDS_OF: Readonly<Partial<Record<Aspect, readonly Field[]>>> = {
  destination: ['destination', 'destinationPort'],
  source: ['source', 'sourcePort'],
  mark: ['mark'],
  connmark: ['connmark'],
  tos: ['tos'],
  ttl: ['ttl'],
};

/** Of packets that both let go on, those that are not the same afterwards, by what differs. */
function differentlyMade(
  space: Space,
  runs: Pair<Walker>,
  both: Node,
  tracks: boolean,
): { node: Node; aspects: Aspect[] }[] {
  let groups: { node: Node; aspects: Aspect[] }[] = [{ node: both, aspects: [] }];
  for (const aspect of ASPECTS) {
    const set = space.bdd.and(both, aspectDiffers(space, runs, aspect, both, tracks));
    if (set === NONE) continue;
    groups = groups.flatMap(({ node, aspects }) =>
      [
        { node: space.bdd.and(node, set), aspects: [...aspects, aspect] },
        { node: space.bdd.diff(node, set), aspects },
      ].filter((group) => group.node !== NONE),
    );
  }
  return groups.filter(({ aspects }) => aspects.length > 0);
}

function aspectDiffers(
  space: Space,
  { before, after }: Pair<Walker>,
  aspect: Aspect,
  both: Node,
  tracks: boolean,
): Node {
  const { bdd } = space;
  if (aspect === 'tracking') {
    if (!tracks) return NONE;
    const exempt = ({ state }: Walker): Node => state.now(space.equals('state', STATES.indexOf('UNTRACKED')));
    return bdd.xor(exempt(before), exempt(after));
  }
  const { set, chosen } = notesDiffer(space, { before, after }, aspect);
  let different = set;
  for (const field of FIELDS_OF[aspect] ?? []) {
    const [left, right] = [before.state.field(field), after.state.field(field)];
    // Where the kernel chooses, words are compared, not what comes of them.
    const region = bdd.diff(both, chosen);
    const own = left.reduce(
      (sum, bit, i) =>
        bit === right[i] ? sum : bdd.or(sum, bdd.and(region, bdd.xor(bit, right[i] as Node))),
      NONE,
    );
    different = bdd.or(different, own);
  }
  return different;
}

/** What targets did that shows in no field. */
function notesDiffer(
  space: Space,
  { before, after }: Pair<Walker>,
  aspect: Aspect,
): { set: Node; chosen: Node } {
  const { bdd } = space;
  let [set, chosen] = [NONE, NONE];
  const seen = new Set<string>();
  for (const { group, text: own } of [...before.state.notes, ...after.state.notes]) {
    const key = `${group} ${own}`;
    const belongs = group === aspect || (aspect === 'other' && group !== 'source' && group !== 'destination');
    if (!belongs || group === 'mapped' || seen.has(key)) continue;
    seen.add(key);
    const [left, right] = [before.state.noted(group, own), after.state.noted(group, own)];
    set = bdd.or(set, bdd.xor(left, right));
    chosen = bdd.or(chosen, bdd.or(left, right));
  }
  return { set, chosen };
}
