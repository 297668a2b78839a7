/** Two states' rules held against each other: every set of packets that they treat differently. */
import type { IpSet } from '../ipset/record.ts';
import type { LoadedTables } from '../netstack/netfilter/tables.ts';
import { BddFull, NONE, type Node } from '../symbolic/bdd.ts';
import { type Field, STATES } from '../symbolic/layout.ts';
import { begin, enterHook, HOOKS_OF, WAYS, type Way, walkHook } from '../symbolic/path.ts';
import { Space } from '../symbolic/space.ts';
import { changedSets } from '../symbolic/survey.ts';
import { type Place, Walker } from '../symbolic/walk.ts';
import type { Rule } from '../xtables/rule.ts';
import { type Alignment, alignTables } from './align.ts';
import { suspects } from './region.ts';

/** What one state brings along. */
export interface Side {
  readonly tables: LoadedTables;
  /** Undefined: no sets were dumped. */
  readonly ipsets?: readonly IpSet[] | undefined;
}

/** What becomes of a set of packets in one state. */
export interface Part {
  readonly kind: 'accept' | 'drop' | 'reject' | 'queue' | 'stop';
  /** What a REJECT answers, the words of another target that stops packets. */
  readonly text: string;
  /** The rule or policy that decided. Absent where no filter table has an opinion. */
  readonly place?: Place;
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
}

export interface Comparison {
  readonly space: Space;
  readonly alignment: Alignment;
  readonly differences: readonly Difference[];
  /** Ways of which it stays undecided whether anything differs, and why. */
  readonly undecided: readonly { readonly way: Way; readonly why: string }[];
  /** Targets that nobody knows, which packets may end at or not. */
  readonly unknownTargets: readonly string[];
  readonly walkers: Readonly<Record<'before' | 'after', Walker>>;
  readonly contexts: Readonly<Record<'before' | 'after', SideContext>>;
}

export interface SideContext {
  readonly space: Space;
  readonly set: (name: string) => IpSet | undefined;
  readonly changes: (name: string) => boolean;
  readonly instance: (rule: Rule) => string;
}

export interface CompareOptions {
  /** Devices of both states. */
  readonly interfaces?: readonly string[];
  readonly limits?: { readonly nodes: number; readonly steps: number };
}

export function compareTables(before: Side, after: Side, options: CompareOptions = {}): Comparison {
  const family = before.tables.family;
  const rulesets = [...before.tables.rulesets, ...after.tables.rulesets];
  const alignment = alignTables(before.tables, after.tables, (name) => setDiffers(before, after, name));
  const space = new Space({
    family,
    rulesets,
    fragments: !before.tables.tracks && !after.tables.tracks,
    ...(options.interfaces ? { interfaces: options.interfaces } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const contexts = { before: contextOf(space, before, alignment), after: contextOf(space, after, alignment) };
  const walkers = { before: new Walker(contexts.before), after: new Walker(contexts.after) };
  const differences: Difference[] = [];
  const undecided: { way: Way; why: string }[] = [];
  const unknownTargets = new Set<string>();
  for (const way of WAYS) {
    try {
      const region = suspects(space, way, alignment, walkers, rulesets);
      if (region === NONE) continue;
      const runs = { before: walkers.before.fork(), after: walkers.after.fork() };
      const left = {
        before: go(runs.before, before.tables, way, region),
        after: go(runs.after, after.tables, way, region),
      };
      for (const { unknownTargets: own } of Object.values(runs))
        for (const text of own) unknownTargets.add(text);
      differences.push(...differencesOf(space, way, runs, left, before.tables.tracks && after.tables.tracks));
    } catch (error) {
      if (!(error instanceof BddFull)) throw error;
      undecided.push({ way, why: error.message });
    }
  }
  return { space, alignment, differences, undecided, unknownTargets: [...unknownTargets], walkers, contexts };
}

function contextOf(space: Space, { tables, ipsets }: Side, { instances }: Alignment): SideContext {
  const changed = changedSets(tables.rulesets);
  const byName = new Map((ipsets ?? []).map((set) => [set.name, set]));
  return {
    space,
    set: (name) => byName.get(name),
    changes: (name) => changed.has(name),
    instance: (rule) => instances.get(rule) ?? '',
  };
}

/** Elements count, not what they remember. */
function setDiffers(before: Side, after: Side, name: string): boolean {
  const textOf = ({ ipsets }: Side): string => {
    const set = ipsets?.find((each) => each.name === name);
    if (!set) return '';
    const entries = set.entries
      ?.map(({ parts, nomatch, wildcard }) => text({ parts, nomatch, wildcard }))
      .toSorted();
    return text({ header: { ...set.header, hashsize: 0, maxelem: 0, initval: 0 }, entries });
  };
  return textOf(before) !== textOf(after);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each));
}

function go(walker: Walker, tables: LoadedTables, way: Way, region: Node): Node {
  begin(walker.state, way);
  let left = region;
  for (const hook of HOOKS_OF[way]) {
    enterHook(walker.state, hook, way);
    left = walkHook(walker, tables, hook, left);
  }
  return left;
}

type Pair<T> = Readonly<Record<'before' | 'after', T>>;

function differencesOf(
  space: Space,
  way: Way,
  runs: Pair<Walker>,
  left: Pair<Node>,
  tracks: boolean,
): Difference[] {
  const { bdd } = space;
  const found: Difference[] = [];
  const ended = differentEnds(space, runs, left);
  const parts = {
    before: partsOf(space, runs.before, left.before),
    after: partsOf(space, runs.after, left.after),
  };
  const cross = (region: Node, aspects: readonly Aspect[]): void => {
    if (region === NONE) return;
    for (const before of parts.before) {
      const own = bdd.and(region, before.node);
      if (own === NONE) continue;
      for (const after of parts.after) {
        const node = bdd.and(own, after.node);
        if (node !== NONE) found.push({ way, node, before, after, aspects });
      }
    }
  };
  cross(ended, []);
  for (const { node, aspects } of differentlyMade(space, runs, bdd.and(left.before, left.after), tracks))
    cross(node, aspects);
  return found;
}

/** Packets that end otherwise: stopped in one state alone, or by another answer. */
function differentEnds(space: Space, runs: Pair<Walker>, left: Pair<Node>): Node {
  const { bdd } = space;
  const byEnd = (run: Walker, accepted: Node): Map<string, Node> => {
    const sets = new Map([['accept', accepted]]);
    for (const { kind, text: own, node } of run.ends) {
      const key = `${kind} ${own}`;
      sets.set(key, bdd.or(sets.get(key) ?? NONE, node));
    }
    return sets;
  };
  const before = byEnd(runs.before, left.before);
  const after = byEnd(runs.after, left.after);
  let set = NONE;
  for (const key of new Set([...before.keys(), ...after.keys()]))
    set = bdd.or(set, bdd.xor(before.get(key) ?? NONE, after.get(key) ?? NONE));
  return set;
}

/** All packets of a run, by who decided. What goes on is told by the last filter table that it went through. */
function partsOf(space: Space, { ends, accepted }: Walker, left: Node): Part[] {
  const { bdd } = space;
  const parts: Part[] = ends.map(({ kind, text: own, place, node }) => ({ kind, text: own, place, node }));
  let rest = left;
  for (const { base, place, node } of accepted.toReversed()) {
    if (base.table.name !== 'filter') continue;
    const own = bdd.and(rest, node);
    if (own === NONE) continue;
    parts.push({ kind: 'accept', text: '', place, node: own });
    rest = bdd.diff(rest, own);
  }
  if (rest !== NONE) parts.push({ kind: 'accept', text: '', node: rest });
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
