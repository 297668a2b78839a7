/** Two states of hosts held against each other: each namespace and family by itself. */
import type { Family } from '../net/ip.ts';
import { createNet } from '../netstack/net.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import { BddFull, type BddLimits } from '../symbolic/bdd.ts';
import { classesOf } from './classes.ts';
import { type Comparison, compareTables, type Side } from './compare.ts';
import type { DiffClass, DiffReport } from './report.ts';

export interface DiffOptions {
  /** What the states are called. */
  readonly names: Readonly<Record<'before' | 'after', string>>;
  readonly flows?: DiffReport['flows'];
  /** Of each family and way; see `MOST_NODES` and `MOST_STEPS`. */
  readonly limits?: BddLimits;
}

export function diffSnapshots(
  before: Snapshot,
  after: Snapshot,
  { names, flows, limits }: DiffOptions,
): DiffReport {
  const classes: DiffClass[] = [];
  const undecided: DiffReport['undecided'][number][] = [];
  const both = new Set<string>();
  const notCompared = new Set<string>();
  for (const name of new Set([...before.namespaces.keys(), ...after.namespaces.keys()])) {
    const sides = { before: before.namespaces.get(name), after: after.namespaces.get(name) };
    if (sides.before === sides.after) continue;
    if (!sides.before || !sides.after) {
      notCompared.add(`namespace ${name} is in one state only`);
      continue;
    }
    for (const text of otherDifferences(sides.before, sides.after)) notCompared.add(`${name}: ${text}`);
    for (const family of [4, 6] as const) {
      const compared = compareFamily(sides.before, sides.after, family, notCompared, limits);
      if (!compared) continue;
      for (const comparison of compared.comparisons) {
        const { way, space, differences } = comparison;
        const told = tellClasses(name, comparison, compared.sides);
        const why = typeof told === 'string' ? told : comparison.undecided;
        if (typeof told !== 'string') classes.push(...told);
        if (why !== undefined) undecided.push({ namespace: name, family, way, why });
        for (const { node } of differences) for (const { text } of space.opaquesIn(node)) both.add(text);
      }
    }
  }
  return {
    schema: 'nettrace-diff/1',
    ...names,
    equal: classes.length + undecided.length + notCompared.size === 0,
    classes,
    undecided,
    both: [...both].toSorted(),
    notCompared: [...notCompared],
    ...(flows ? { flows } : {}),
  };
}

/** Or why they can't be told. */
function tellClasses(name: string, comparison: Comparison, sides: Sides): DiffClass[] | string {
  try {
    return classesOf(name, comparison, sides);
  } catch (error) {
    if (error instanceof BddFull) return error.message;
    throw error;
  }
}

type Sides = Readonly<Record<'before' | 'after', Side>>;

function compareFamily(
  before: Netns,
  after: Netns,
  family: Family,
  notCompared: Set<string>,
  limits: BddLimits | undefined,
): { comparisons: readonly Comparison[]; sides: Sides } | undefined {
  const sideOf = (netns: Netns): Side => ({ tables: createNet(netns).tables[family], ipsets: netns.ipsets });
  const sides = { before: sideOf(before), after: sideOf(after) };
  if (sides.before.tables.rulesets.length + sides.after.tables.rulesets.length === 0) return undefined;
  for (const [side, { tables }] of Object.entries(sides)) {
    if (tables.assumed)
      notCompared.add(
        `${before.name}: no ${family === 4 ? 'iptables-save' : 'ip6tables-save'} ${side === 'before' ? 'before' : 'after'}; taken as without rules`,
      );
  }
  const devices = new Set([...(before.links ?? []), ...(after.links ?? [])].map(({ name }) => name));
  const options = { interfaces: [...devices], ...(limits && { limits }) };
  return { comparisons: compareTables(sides.before, sides.after, options), sides };
}

/** What decides about packets beside iptables' rules and sets, where it is not the same. */
const OTHERS = {
  links: 'links and addresses',
  routes4: 'IPv4 routes',
  routes6: 'IPv6 routes',
  rules4: 'IPv4 policy rules',
  rules6: 'IPv6 policy rules',
  nft: 'native nftables rules',
  frameFilters: 'ebtables and arptables rules',
  sysctls: 'kernel settings',
  bridgeVlans: 'VLANs of bridge ports',
} as const satisfies Readonly<Partial<Record<keyof Netns, string>>>;

function otherDifferences(before: Netns, after: Netns): string[] {
  return Object.entries(OTHERS).flatMap(([key, what]) => {
    const [one, other] = [before[key as keyof Netns], after[key as keyof Netns]];
    return one === other || contentOf(one) === contentOf(other) ? [] : [`${what} differ`];
  });
}

/** Without where it was read and what was counted. */
function contentOf(value: unknown): string {
  return (
    JSON.stringify(value, (key, each: unknown) => {
      if (IGNORED.has(key)) return undefined;
      if (typeof each === 'bigint') return String(each);
      if (each instanceof Map) return [...each].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      return each;
    }) ?? ''
  );
}

const IGNORED: ReadonlySet<string> = new Set([
  'span',
  'path',
  'counters',
  'text',
  'stats',
  'handle',
  'packets',
  'bytes',
]);
