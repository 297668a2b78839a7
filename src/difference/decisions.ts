/** What becomes of packets in two states, held against each other: who decides, and what is made of those that go on. */
import { NONE, type Node } from '../symbolic/bdd.ts';
import { type Field, STATES } from '../symbolic/layout.ts';
import type { Way } from '../symbolic/path.ts';
import type { Space } from '../symbolic/space.ts';
import type { Place, Walker } from '../symbolic/walk.ts';

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
  /** What goes on behind all hooks. */
  readonly left: Pair<Node>;
  /** Both states track connections. */
  readonly tracks: boolean;
  readonly isChanged: (place: Place) => boolean;
}

export function differencesOf(space: Space, { way, runs, left, tracks, isChanged }: Walked): Difference[] {
  const { bdd } = space;
  const found: Difference[] = [];
  const parts = {
    before: partsOf(space, runs.before, left.before, isChanged),
    after: partsOf(space, runs.after, left.after, isChanged),
  };
  const cross = (region: Node, aspects: readonly Aspect[]): void => {
    for (const before of parts.before) {
      const own = bdd.and(region, before.node);
      if (own === NONE) continue;
      for (const after of parts.after) {
        for (const one of told(space, before, bdd.and(own, after.node)))
          for (const other of told(space, after, one.node))
            found.push({ way, node: other.node, before: one, after: other, aspects, runs });
      }
    }
  };
  cross(differentEnds(space, runs, left), []);
  for (const { node, aspects } of differentlyMade(space, runs, bdd.and(left.before, left.after), tracks))
    cross(node, aspects);
  return found;
}

/** Rules that both states have are told one by one only where they are few. */
const MOST_PLACES = 3;

interface PartGroup extends Part {
  readonly members: readonly { readonly place: Place; readonly node: Node }[];
}

/** The part's packets of the set, by rule, or together with all the rules. */
function told({ bdd }: Space, { kind, text, members }: PartGroup, set: Node): Part[] {
  if (set === NONE) return [];
  if (members.length === 0) return [{ kind, text, places: [], node: set }];
  const parts = members
    .map(({ place, node }) => ({ kind, text, places: [place], node: bdd.and(node, set) }))
    .filter(({ node }) => node !== NONE);
  if (parts.length <= MOST_PLACES) return parts;
  return [{ kind, text, places: parts.flatMap(({ places }) => places), node: set }];
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
function differentEnds({ bdd }: Space, runs: Pair<Walker>, left: Pair<Node>): Node {
  const byEnd = ({ ends }: Walker, accepted: Node): Map<string, Node> => {
    const sets = new Map([['accept', [accepted]]]);
    for (const { kind, text, node } of ends) {
      const key = `${kind} ${text}`;
      sets.set(key, [...(sets.get(key) ?? []), node]);
    }
    return new Map([...sets].map(([key, nodes]) => [key, bdd.union(nodes)]));
  };
  const before = byEnd(runs.before, left.before);
  const after = byEnd(runs.after, left.after);
  const keys = new Set([...before.keys(), ...after.keys()]);
  return bdd.union([...keys].map((key) => bdd.xor(before.get(key) ?? NONE, after.get(key) ?? NONE)));
}

/**
 * All packets of a run, by what became of them and who decided: each rule that only one state has by itself, all others together.
 * What goes on is told by the last filter table that it went through.
 */
function partsOf(
  { bdd }: Space,
  { ends, accepted }: Walker,
  left: Node,
  isChanged: (place: Place) => boolean,
): PartGroup[] {
  const groups = new Map<
    string,
    { kind: Part['kind']; text: string; members: { place: Place; node: Node }[] }
  >();
  const add = (kind: Part['kind'], text: string, place: Place, node: Node, i: number): void => {
    const key = `${kind} ${text} ${isChanged(place) ? i : ''}`;
    const group = groups.get(key) ?? { kind, text, members: [] };
    groups.set(key, group);
    group.members.push({ place, node });
  };
  for (const [i, { kind, text, place, node }] of ends.entries()) add(kind, text, place, node, i);
  let rest = left;
  for (const [i, { base, place, node }] of accepted.toReversed().entries()) {
    if (base.table.name !== 'filter') continue;
    const own = bdd.and(rest, node);
    if (own === NONE) continue;
    add('accept', '', place, own, i);
    rest = bdd.diff(rest, own);
  }
  const parts: PartGroup[] = [...groups.values()].map(({ kind, text, members }) => ({
    kind,
    text,
    places: members.map(({ place }) => place),
    node: bdd.union(members.map(({ node }) => node)),
    members,
  }));
  if (rest !== NONE) parts.push({ kind: 'accept', text: '', places: [], node: rest, members: [] });
  return parts;
}

const FIELDS_OF: Readonly<Partial<Record<Aspect, readonly Field[]>>> = {
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
