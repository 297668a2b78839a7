/** Two states' rules held against each other: every set of packets that they treat differently. */
import type { IpSet } from '../ipset/record.ts';
import type { LoadedTables } from '../netstack/netfilter/tables.ts';
import { BddFull, type BddLimits, type Node } from '../symbolic/bdd.ts';
import { WAYS, type Way, walkWay } from '../symbolic/path.ts';
import { Space } from '../symbolic/space.ts';
import { changedSets } from '../symbolic/survey.ts';
import { type Place, Walker } from '../symbolic/walk.ts';
import type { Hook, Rule } from '../xtables/rule.ts';
import { type Alignment, alignTables } from './align.ts';
import { hullOf } from './boxes.ts';
import { type Difference, differencesOf, mergeDifferences } from './decisions.ts';
import { suspects } from './region.ts';

/** What one state brings along. */
export interface Side {
  readonly tables: LoadedTables;
  /** Undefined: no sets were dumped. */
  readonly ipsets?: readonly IpSet[] | undefined;
}

export interface Comparison {
  readonly way: Way;
  readonly space: Space;
  readonly alignment: Alignment;
  readonly differences: readonly Difference[];
  /** Why it stays undecided whether anything differs. */
  readonly undecided?: string;
  /** Targets that nobody knows, which packets may end at or not. */
  readonly unknownTargets: readonly string[];
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
  readonly limits?: BddLimits;
}

/** Way by way, each in a space of its own: what doesn't fit into one is undecided there alone. */
export function compareTables(before: Side, after: Side, options: CompareOptions = {}): Comparison[] {
  const alignment = alignTables(before.tables, after.tables, (name) => setDiffers(before, after, name));
  return WAYS.map((way) => compareWay(way, before, after, alignment, options));
}

function compareWay(
  way: Way,
  before: Side,
  after: Side,
  alignment: Alignment,
  { interfaces, limits }: CompareOptions,
): Comparison {
  const rulesetsOf = { before: before.tables.rulesets, after: after.tables.rulesets };
  const space = new Space({
    family: before.tables.family,
    rulesets: [...rulesetsOf.before, ...rulesetsOf.after],
    fragments: !before.tables.tracks && !after.tables.tracks,
    ...(interfaces ? { interfaces } : {}),
    ...(limits ? { limits } : {}),
  });
  const contexts = { before: contextOf(space, before, alignment), after: contextOf(space, after, alignment) };
  const walkers = { before: new Walker(contexts.before), after: new Walker(contexts.after) };
  const differences: Difference[] = [];
  const unknownTargets = new Set<string>();
  const tracks = before.tables.tracks && after.tables.tracks;
  const changedRules = new Set(alignment.changed.map(({ rule }) => rule));
  const isChanged = ({ rule, chain }: Place): boolean =>
    rule ? changedRules.has(rule) : alignment.policies.has(chain.name as Hook);
  const known = { way, space, alignment, contexts };
  try {
    for (const region of suspects(space, way, alignment, walkers, rulesetsOf)) {
      const runs = { before: walkers.before.fork(), after: walkers.after.fork() };
      const left = {
        before: go(runs.before, before.tables, way, region),
        after: go(runs.after, after.tables, way, region),
      };
      for (const { unknownTargets: own } of Object.values(runs))
        for (const text of own) unknownTargets.add(text);
      differences.push(...differencesOf(space, { way, runs, region, left, tracks, isChanged }));
    }
    const merged = mergeDifferences(space, differences);
    return { ...known, differences: merged, unknownTargets: [...unknownTargets] };
  } catch (error) {
    if (!(error instanceof BddFull)) throw error;
    return { ...known, differences: [], undecided: error.message, unknownTargets: [...unknownTargets] };
  }
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
  walker.hull = hullOf(walker.state.space, region);
  return walkWay(walker, tables, way, region);
}
