/** The hooks of one namespace and family as lists sorted by priority (nf_hook_entries), with the state their rules keep. */
import type { NftChain } from '../../dump/records.ts';
import type { Family } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';

import { conntrackUsers, defragmentUsers, loadRuleset } from '../../xtables/load.ts';
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

/** One registered function of a hook. `nat` stands for all nat chains of that hook: one of them settles a connection. */
export type HookEntry =
  | { readonly kind: 'defrag' | 'conntrack' | 'nat' | 'confirm'; readonly priority: number }
  | { readonly kind: 'table'; readonly priority: number; readonly base: BaseChain }
  | { readonly kind: 'foreign'; readonly priority: number; readonly chain: NftChain };

/** A built-in chain that is registered. */
export interface BaseChain {
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  readonly hook: Hook;
  readonly state: RuleState;
}

/** What limit, statistic and quota remember by rule, recent and hashlimit by name. */
export interface RuleState {
  rule: Map<Rule, unknown>;
  shared: Map<string, unknown>;
}

export interface Tables {
  readonly family: Family;
  readonly rulesets: readonly Ruleset[];
  /** No dump of the rules was given: taken as having none. */
  readonly assumed: boolean;
  /** Some rule asks for connection tracking. */
  readonly tracks: boolean;
  readonly hooks: Readonly<Record<Hook, readonly HookEntry[]>>;
  /** The nat chains of a hook, in order of registration. */
  readonly nat: Readonly<Record<Hook, readonly BaseChain[]>>;
  /** Counted since the model began. */
  readonly ruleCounters: Map<Rule, Counters>;
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

/** `shared`: what matches keep by name in the whole namespace, whichever family and backend their rules are of. */
export function createTables(netns: Netns, family: Family, shared: Map<string, unknown>): Tables {
  const known = family === 4 ? netns.rulesets4 : netns.rulesets6;
  const rulesets = known ?? [];
  for (const ruleset of rulesets) loadRuleset(ruleset, shared);
  const tracks = rulesets.some(conntrackUsers) || (known === undefined && (netns.conntrack?.length ?? 0) > 0);
  const defragments = rulesets.some(defragmentUsers);
  const bases = rulesets.flatMap((ruleset) => baseChains(ruleset, shared));
  const foreign = (netns.nft ?? []).filter((chain) => concerns(chain, family));
  const hooks = {} as Record<Hook, HookEntry[]>;
  const nat = {} as Record<Hook, BaseChain[]>;
  for (const hook of HOOKS) {
    const own = bases.filter((base) => base.hook === hook);
    nat[hook] = own.filter((base) => base.table.name === 'nat');
    hooks[hook] = [
      ...own
        .filter((base) => base.table.name !== 'nat')
        .map((base): HookEntry => ({ kind: 'table', priority: priorityOf(base), base })),
      ...foreign
        .filter((chain) => chain.hook?.toUpperCase() === hook)
        .map((chain): HookEntry => ({ kind: 'foreign', priority: chain.priority ?? 0, chain })),
      ...(tracks ? trackingEntries(hook) : []),
      ...(defragments && !tracks ? defragEntries(hook) : []),
    ].toSorted((a, b) => a.priority - b.priority);
  }
  return {
    family,
    rulesets,
    assumed: known === undefined,
    tracks,
    hooks,
    nat,
    ruleCounters: new Map(),
    policyCounters: new Map(),
  };
}

function defragEntries(hook: Hook): HookEntry[] {
  return hook === 'PREROUTING' || hook === 'OUTPUT' ? [{ kind: 'defrag', priority: PRIORITY.defrag }] : [];
}

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

function baseChains(ruleset: Ruleset, shared: Map<string, unknown>): BaseChain[] {
  const state: RuleState = { rule: new Map(), shared };
  const bases: BaseChain[] = [];
  for (const name of TABLES) {
    const table = ruleset.tables.get(name);
    for (const hook of table ? BUILTIN_CHAINS[name] : []) {
      const chain = table?.chains.get(hook);
      if (table && chain) bases.push({ ruleset, table, chain, hook, state });
    }
  }
  return bases;
}

function priorityOf({ table, ruleset }: BaseChain): number {
  switch (table.name) {
    case 'security':
      return ruleset.backend === 'nft' ? PRIORITY.securityNft : PRIORITY.security;
    case 'nat':
      return PRIORITY.natDestination;
    default:
      return PRIORITY[table.name satisfies Exclude<TableName, 'nat' | 'security'>];
  }
}

/** nft chains that iptables didn't make and that may decide something. */
function concerns(chain: NftChain, family: Family): boolean {
  const own = chain.family === 'inet' || chain.family === (family === 4 ? 'ip' : 'ip6');
  return (
    own && !chain.iptables && chain.hook !== undefined && (chain.ruleCount > 0 || chain.policy === 'drop')
  );
}
