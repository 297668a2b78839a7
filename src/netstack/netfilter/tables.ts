/** The hooks of one namespace and family as lists sorted by priority (nf_hook_entries), with the state their rules keep. */
import { DEFAULT_LIMITS, type InputLimits } from '../../base/limits.ts';
import { once } from '../../base/memo.ts';
import type { Family } from '../../net/ip.ts';
import { conntrackFamilies, defragments } from '../../nft/conntrack-users.ts';
import type { NftChain, NftHook } from '../../nft/ruleset.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { conntrackUsers, defragmentUsers, loaderOf } from '../../xtables/load.ts';
import {
  BUILTIN_CHAINS,
  type Chain,
  type Counters,
  HOOKS,
  type Hook,
  type Rule,
  type Ruleset,
  TABLES,
  type Table,
  type TableName,
} from '../../xtables/rule.ts';
import { basesOf, type NftBase, orderOf } from './nft-chains.ts';
import { RuleHits } from './rule-hits.ts';

/** One registered function of a hook. `nat` stands for all nat chains of that hook: one of them settles a connection. */
export type HookEntry =
  | { readonly kind: 'defrag' | 'conntrack' | 'nat' | 'confirm'; readonly priority: number }
  | { readonly kind: 'table'; readonly priority: number; readonly base: BaseChain }
  | { readonly kind: 'nft'; readonly priority: number; readonly base: NftBase };

/** A built-in chain that is registered. */
export interface BaseChain {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  readonly hook: Hook;
  /** Number of the table's first rule among all of the family. */
  readonly firstRule: number;
}

/** A nat chain of either language. */
export type NatChain =
  | { readonly kind: 'table'; readonly chain: Chain; readonly base: BaseChain }
  | { readonly kind: 'nft'; readonly chain: NftChain; readonly base: NftBase };

/** What limit, statistic and quota remember by rule, recent and hashlimit by name. */
export interface RuleState {
  rule: Map<Rule, unknown>;
  shared: Map<string, unknown>;
}

/** What stands in the dump: the same for all worlds. */
export interface LoadedTables {
  readonly family: Family;
  readonly rulesets: readonly Ruleset[];
  /** No dump of the rules was given: taken as having none. */
  readonly assumed: boolean;
  /** Chains of a hook that `iptables -L` or `-S` could have shown and didn't: taken as without rules. */
  readonly unlisted: Readonly<Record<Hook, readonly string[]>>;
  /** Some rule asks for connection tracking. */
  readonly tracks: boolean;
  readonly hooks: Readonly<Record<Hook, readonly HookEntry[]>>;
  /** The nat chains of a hook, in order of registration. */
  readonly nat: Readonly<Record<Hook, readonly NatChain[]>>;
  /** How many there are in all tables. */
  readonly rules: number;
  /** Lays out what the rules keep by name. */
  readonly load: (shared: Map<string, unknown>) => void;
}

/** With what packets change. */
export interface Tables extends LoadedTables {
  /** Chains with so many rules or more are gone through by their index (`chain-index.ts`), shorter ones rule by rule. */
  readonly indexFrom: number;
  readonly limits: Pick<InputLimits, 'chainJumps'>;
  readonly state: RuleState;
  /** Counted since the model began. */
  readonly ruleCounters: RuleHits;
  readonly policyCounters: Map<Chain, Counters>;
}

const PRIORITY = {
  defrag: -400,
  raw: -300,
  conntrack: -200,
  mangle: -150,
  natDestination: -100,
  filter: 0,
  security: 50,
  /** iptables-nft registers its security chains later than the legacy tables do. */
  securityNft: 150,
  natSource: 100,
  confirm: 0x7fffffff,
} as const;

/** Where a lookup has paid for itself. */
const INDEX_FROM = 12;

/** What matches keep by name they keep in the whole namespace, whichever family and backend their rules are of. */
export function createTables(netns: Netns, indexFrom = INDEX_FROM): Readonly<Record<Family, Tables>> {
  const shared = new Map<string, unknown>();
  // Of rules that share a name the first one's word holds, of whichever family the packets are.
  LOADED[4](netns).load(shared);
  LOADED[6](netns).load(shared);
  const of = (loaded: LoadedTables): Tables => ({
    ...loaded,
    indexFrom,
    limits: netns.limits ?? DEFAULT_LIMITS,
    state: { rule: new Map(), shared },
    ruleCounters: new RuleHits(loaded.rules),
    policyCounters: new Map(),
  });
  let four: Tables | undefined;
  let six: Tables | undefined;
  return {
    get 4() {
      four ??= of(LOADED[4](netns));
      return four;
    },
    get 6() {
      six ??= of(LOADED[6](netns));
      return six;
    },
  };
}

const LOADED = {
  4: once((netns: Netns) => loadTables(netns, 4)),
  6: once((netns: Netns) => loadTables(netns, 6)),
} as const;

function loadTables(netns: Netns, family: Family): LoadedTables {
  const known = family === 4 ? netns.rulesets4 : netns.rulesets6;
  const rulesets = known ?? [];
  const { nft } = netns;
  const undumped = known === undefined && netns.nft === undefined;
  const tracks =
    rulesets.some(conntrackUsers) ||
    (nft !== undefined && conntrackFamilies(nft).has(family)) ||
    (undumped && (netns.conntrack?.length ?? 0) > 0);
  const bases = baseChains(rulesets);
  const joins = rulesets.some(defragmentUsers) || (nft !== undefined && defragments(nft, family));
  const hooks = {} as Record<Hook, HookEntry[]>;
  const nat = {} as Record<Hook, NatChain[]>;
  for (const hook of HOOKS) {
    const own = bases
      .filter((base) => base.hook === hook)
      .map((base) => ({
        entry: { kind: 'table', chain: base.chain, base, priority: priorityOf(base) } as const,
        isNat: base.table.name === 'nat',
        order: orderOf(netns, base.ruleset, base.table.name, hook),
      }));
    const native = basesOf(netns, family, NFT_HOOKS[hook]).map((base) => ({
      entry: { kind: 'nft', chain: base.chain, base, priority: base.base.priority } as const,
      isNat: base.base.type === 'nat',
      order: base.order,
    }));
    const chains = [...own, ...native].toSorted(
      (a, b) => a.entry.priority - b.entry.priority || b.order - a.order,
    );
    const nats = chains.filter(({ isNat }) => isNat);
    nat[hook] = nats.map(({ entry }) => entry);
    const natOrder = Math.min(...nats.map(({ order }) => order));
    // Of equal priority, what was registered later is asked first (nf_hook_entries_grow()); tracking begins with a rule of a chain.
    hooks[hook] = [
      ...chains.filter(({ isNat }) => !isNat).map(({ entry, order }) => ({ entry, order })),
      ...(tracks ? trackingEntries(hook) : joins ? defragEntries(hook) : []).map((entry) => ({
        entry,
        order: entry.kind === 'nat' && Number.isFinite(natOrder) ? natOrder : Number.POSITIVE_INFINITY,
      })),
    ]
      .toSorted((a, b) => a.entry.priority - b.entry.priority || b.order - a.order)
      .map(({ entry }) => entry);
  }
  return {
    family,
    rulesets,
    assumed: undumped,
    unlisted: unlistedChains(netns, rulesets),
    tracks,
    hooks,
    nat,
    rules: rulesets
      .flatMap(({ tables }) => [...tables.values()])
      .reduce((sum, table) => sum + rulesIn(table), 0),
    load: loaderOf(rulesets),
  };
}

function defragEntries(hook: Hook): HookEntry[] {
  return hook === 'PREROUTING' || hook === 'OUTPUT' ? [{ kind: 'defrag', priority: PRIORITY.defrag }] : [];
}

const NFT_HOOKS = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
} as const satisfies Readonly<Record<Hook, NftHook>>;

function trackingEntries(hook: Hook): HookEntry[] {
  switch (hook) {
    case 'PREROUTING':
    case 'OUTPUT':
      return [
        ...defragEntries(hook),
        { kind: 'conntrack', priority: PRIORITY.conntrack },
        { kind: 'nat', priority: PRIORITY.natDestination },
      ];
    case 'INPUT':
    case 'POSTROUTING':
      return [
        { kind: 'nat', priority: PRIORITY.natSource },
        { kind: 'confirm', priority: PRIORITY.confirm },
      ];
    case 'FORWARD':
      return [];
  }
}

/** Only where nothing else shows the tables whole: an iptables-save, or what nft lists. */
function unlistedChains(netns: Netns, rulesets: readonly Ruleset[]): Record<Hook, string[]> {
  const unlisted: Record<Hook, string[]> = {
    PREROUTING: [],
    INPUT: [],
    FORWARD: [],
    OUTPUT: [],
    POSTROUTING: [],
  };
  if (netns.nft !== undefined || rulesets.length === 0) return unlisted;
  if (!rulesets.every((ruleset) => ruleset.listing)) return unlisted;
  for (const name of TABLES) {
    for (const hook of BUILTIN_CHAINS[name]) {
      if (!rulesets.some(({ tables }) => tables.get(name)?.chains.has(hook))) unlisted[hook].push(name);
    }
  }
  return unlisted;
}

function baseChains(rulesets: readonly Ruleset[]): BaseChain[] {
  const bases: BaseChain[] = [];
  let first = 0;
  for (const ruleset of rulesets) {
    const firsts = new Map<Table, number>();
    for (const table of ruleset.tables.values()) {
      firsts.set(table, first);
      first += rulesIn(table);
    }
    for (const name of TABLES) {
      const table = ruleset.tables.get(name);
      for (const hook of table ? BUILTIN_CHAINS[name] : []) {
        const chain = table?.chains.get(hook);
        if (table && chain) bases.push({ ruleset, table, chain, hook, firstRule: firsts.get(table) ?? 0 });
      }
    }
  }
  return bases;
}

function rulesIn({ chains }: Table): number {
  let count = 0;
  for (const { rules } of chains.values()) count += rules.length;
  return count;
}

function priorityOf({ table, ruleset, hook }: BaseChain): number {
  switch (table.name) {
    case 'security':
      return ruleset.backend === 'nft' ? PRIORITY.securityNft : PRIORITY.security;
    case 'nat':
      return hook === 'INPUT' || hook === 'POSTROUTING' ? PRIORITY.natSource : PRIORITY.natDestination;
    default:
      return PRIORITY[table.name satisfies Exclude<TableName, 'nat' | 'security'>];
  }
}
