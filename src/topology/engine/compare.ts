/** Docker's rules as they should be, held against those that are there. */
import { once } from '../../base/memo.ts';
import type { Family } from '../../net/ip.ts';
import type { NftRule, NftTable } from '../../nft/ruleset.ts';
import type { Netns, Snapshot } from '../../snapshot/snapshot.ts';
import type { Rule, Ruleset, Table, TableName } from '../../xtables/rule.ts';
import type { Expected } from './expected.ts';
import { isForeign } from './foreign.ts';
import { type Generation, generationOf, hairpinOf, hasDockerChains, NFT_TABLE } from './generation.ts';
import { iptablesRules } from './iptables-rules.ts';
import { type NftExpected, nftablesRules } from './nftables-rules.ts';
import { keyOf, keyOfSpec, looseKeyOf, looseKeyOfSpec } from './rule-key.ts';
import { type RulePlace, shadowOf } from './shadow.ts';
import { type Gone, goneFrom } from './stale.ts';
import { type EngineState, engineState } from './state.ts';

/** A rule of a dump, with everything that is needed to name it. */
export interface ActualRule extends RulePlace {
  readonly family: Family;
  readonly table: TableName;
  readonly path: string;
}

export interface Missing {
  readonly expected: Expected | NftExpected;
  /** The dump that doesn't have it. */
  readonly path: string;
}

export interface Stale {
  readonly rule: ActualRule;
  readonly gone: Gone;
}

export interface Shadowed {
  readonly expected: Expected;
  readonly rule: ActualRule;
  readonly by: ActualRule;
}

export interface Comparison {
  /** Undefined: none of Docker's chains is there. */
  readonly generation?: Generation;
  readonly state: EngineState;
  readonly hairpin?: boolean;
  /** Rules of this generation that are there as they should be. */
  readonly present: number;
  readonly missing: readonly Missing[];
  readonly stale: readonly Stale[];
  readonly shadowed: readonly Shadowed[];
  /** Rules in Docker's own chains that Docker doesn't write: the next start of the daemon takes them away. */
  readonly foreign: readonly ActualRule[];
}

/** Undefined where the rules or Docker's view of its containers weren't dumped, or nothing of Docker's runs. */
export function compareEngine(
  snapshot: Pick<Snapshot, 'docker' | 'processes'>,
  netns: Netns,
): Comparison | undefined {
  const rulesets4 = netns.rulesets4;
  if (!snapshot.docker.containers.some(({ running }) => running) || (!rulesets4 && !netns.nft))
    return undefined;
  const state = engineState(snapshot, netns.links);
  if (state.endpoints.length === 0) return undefined;
  const generation = generationOf(rulesets4 ?? [], netns.nft);
  const proxies = snapshot.processes?.some(({ command }) => /(^|\/)docker-proxy /.test(command)) ?? false;
  const hairpin = hairpinOf(rulesets4 ?? [], proxies);
  const common = { state, ...(generation && { generation }), ...(hairpin !== undefined && { hairpin }) };
  if (generation === 'nftables') {
    const parts = ([4, 6] as const).map((family) => compareNft(netns, state, family));
    return { ...common, ...merge(parts), stale: [], shadowed: [], foreign: [] };
  }
  const options = { ...(generation && { generation }), ...(hairpin !== undefined && { hairpin }) };
  const families: { family: Family; rulesets: readonly Ruleset[] }[] = [];
  if (rulesets4) families.push({ family: 4, rulesets: rulesets4 });
  // Docker leaves IPv6 alone unless it is told to, or is new enough.
  if (netns.rulesets6 && hasDockerChains(netns.rulesets6))
    families.push({ family: 6, rulesets: netns.rulesets6 });
  const parts = families.map(({ family, rulesets }) =>
    compareFamily(rulesets, iptablesRules(state, { ...options, family }), state, family),
  );
  return {
    ...common,
    ...merge(parts),
    stale: parts.flatMap(({ stale }) => stale),
    shadowed: parts.flatMap(({ shadowed }) => shadowed),
    foreign: parts.flatMap(({ foreign }) => foreign),
  };
}

interface Part {
  readonly present: number;
  readonly missing: readonly Missing[];
}

function merge(parts: readonly Part[]): Part {
  return {
    present: parts.reduce((sum, { present }) => sum + present, 0),
    missing: parts.flatMap(({ missing }) => missing),
  };
}

type FamilyComparison = Part & Pick<Comparison, 'stale' | 'shadowed' | 'foreign'>;

export function compareFamily(
  rulesets: readonly Ruleset[],
  expected: readonly Expected[],
  state: EngineState,
  family: Family,
): FamilyComparison {
  const index = indexOf(rulesets, family, keyOf);
  const loose = once(() => indexOf(rulesets, family, looseKeyOf));
  const known = new Set<Rule>();
  const wanted = new Set<string>();
  const missing: Missing[] = [];
  const shadowed: Shadowed[] = [];
  let present = 0;
  for (const each of expected) {
    const found = each.anyInterface
      ? pick(
          loose(rulesets),
          each,
          each.forms.map((form) => looseKeyOfSpec(form, family, each.table)),
        )
      : pick(
          index,
          each,
          each.forms.map((form) => keyOfSpec(form, family, each.table)),
        );
    if (found) known.add(found.rule);
    for (const form of each.forms)
      wanted.add(`${each.table} ${each.chain} ${keyOfSpec(form, family, each.table)}`);
    if (found) {
      present++;
      const by = shadowOf(found.holder, found);
      if (by) {
        const { table, path } = found;
        shadowed.push({ expected: each, rule: found, by: { ...by, family, table, path } });
      }
    } else if (!each.optional && wasDumped(rulesets, each.table)) {
      missing.push({ expected: each, path: rulesets[0]?.path ?? '' });
    }
  }
  const rest = [...index.entries()]
    .filter(([key, { rule }]) => !known.has(rule) && !wanted.has(key))
    .map(([, rule]) => rule);
  return {
    present,
    missing,
    shadowed,
    stale: rest.flatMap((rule) => {
      const gone = goneFrom(rule, state);
      return gone ? [{ rule, gone }] : [];
    }),
    foreign: rest.filter((rule) => isForeign(rule)),
  };
}

/** The first of the ways to write it that is there. */
function pick(
  index: ReadonlyMap<string, Indexed>,
  { table, chain }: Expected,
  keys: readonly string[],
): Indexed | undefined {
  return keys.map((key) => index.get(`${table} ${chain} ${key}`)).find((one) => one);
}

/** Of one table alone (`iptables-save -t nat`) the others are unknown; of none at all, all are empty. */
function wasDumped(rulesets: readonly Ruleset[], table: TableName): boolean {
  const tables = rulesets.flatMap((ruleset) => [...ruleset.tables.keys()]);
  return tables.includes(table) || tables.length === 0;
}

interface Indexed extends ActualRule {
  readonly holder: Table;
}

/** Rules by table, chain and words; of two alike the first. */
function indexOf(
  rulesets: readonly Ruleset[],
  family: Family,
  key: (rule: Rule, family: Family) => string,
): Map<string, Indexed> {
  const index = new Map<string, Indexed>();
  for (const { tables, path } of rulesets) {
    for (const holder of tables.values()) {
      for (const { name: chain, rules } of holder.chains.values()) {
        if (!isWhereDockerWrites(chain)) continue;
        for (const [at, rule] of rules.entries()) {
          const name = `${holder.name} ${chain} ${key(rule, family)}`;
          if (!index.has(name)) {
            const { path: own } = rule.span;
            index.set(name, {
              family,
              table: holder.name,
              chain,
              number: at + 1,
              rule,
              path: own || path,
              holder,
            });
          }
        }
      }
    }
  }
  return index;
}

function isWhereDockerWrites(chain: string): boolean {
  return /^(DOCKER(-|$)|PREROUTING$|POSTROUTING$|OUTPUT$|FORWARD$)/.test(chain);
}

function compareNft(netns: Netns, state: EngineState, family: Family): Part {
  const nft = netns.nft;
  const table = nft?.tables.find(
    (each) => each.name === NFT_TABLE && each.family === (family === 4 ? 'ip' : 'ip6'),
  );
  if (!nft || !table) return { present: 0, missing: [] };
  const hairpin = !(table.chains.find(({ name }) => name === 'nat-OUTPUT')?.rules ?? []).some(({ text }) =>
    /daddr != (127\.0\.0\.0\/8|::1)/.test(text),
  );
  const there = nftKeys(table);
  const missing: Missing[] = [];
  let present = 0;
  for (const expected of nftablesRules(state, { family, hairpin })) {
    if (expected.forms.some((form) => there.has(`${expected.chain} ${form}`))) present++;
    else if (!expected.optional) missing.push({ expected, path: nft.path });
  }
  return { present, missing };
}

function nftKeys(table: NftTable): Set<string> {
  return new Set(table.chains.flatMap(({ name, rules }) => rules.map((rule) => `${name} ${nftWords(rule)}`)));
}

/** Without what it has counted, and its comment. */
function nftWords({ text }: NftRule): string {
  return text
    .replace(/ comment "[^"]*"$/, '')
    .replace(/(^| )counter( packets \d+ bytes \d+)?(?= |$)/g, '')
    .trim();
}
