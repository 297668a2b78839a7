/** nft(8) commands. Tables that iptables-nft made are run from iptables' own rulesets: what empties them there is applied to those. */
import type { Span } from '../../base/span.ts';
import { runNft } from '../../nft/command/run.ts';
import type { NftFamily, NftRuleset } from '../../nft/ruleset.ts';
import type { Ruleset, TableName } from '../../xtables/rule.ts';
import type { Netns } from '../snapshot.ts';
import { type Problem, problem } from './words.ts';

export function applyNft(netns: Netns, words: readonly string[], span: Span): Netns | Problem {
  const plain = words.filter(
    (word) => !/^-{1,2}[a-z]/.test(word) || /^-{1,2}(f|file|i|interactive)$/.test(word),
  );
  if (plain.some((word) => word.startsWith('-'))) return problem('only commands are applied, no files');
  // As nft does: its arguments are one text.
  const text = plain.join(' ');
  const swept = sweep(netns, plain);
  if (swept) return swept;
  const iptables = iptablesTable(netns, plain);
  if (iptables) return problem(`table ${iptables} is iptables-nft's: say it with iptables`);
  // Without a dump of the ruleset, what would be refused can't be told; a new table is known from its beginning.
  if (netns.nft === undefined && !/^(add |create )?table /.test(text))
    return problem('no dump of the nft ruleset was given (nft -a list ruleset)');
  const ruleset: NftRuleset = netns.nft ?? { tables: [], path: span.path };
  const next = runNft(ruleset, text, span.path);
  return 'refused' in next ? problem(next.refused) : { ...netns, nft: next };
}

/** `flush ruleset`, and a table or chain of iptables' flushed or deleted as a whole. */
function sweep(netns: Netns, words: readonly string[]): Netns | undefined {
  const [verb, object, ...rest] = words.flatMap((word) => word.split(/\s+/));
  if (verb === 'flush' && object === 'ruleset') {
    const [family] = rest;
    const kept = netns.nft?.tables.filter((table) => family !== undefined && table.family !== family) ?? [];
    const none = (rulesets: readonly Ruleset[] | undefined) =>
      rulesets?.map((ruleset) => (ruleset.backend === 'nft' ? { ...ruleset, tables: new Map() } : ruleset));
    const four = family === undefined || family === 'ip' ? none(netns.rulesets4) : netns.rulesets4;
    const six = family === undefined || family === 'ip6' ? none(netns.rulesets6) : netns.rulesets6;
    return {
      ...netns,
      nft: { path: netns.nft?.path ?? '', tables: kept },
      ...(four && { rulesets4: four }),
      ...(six && { rulesets6: six }),
    };
  }
  const place = iptablesPlace(netns, words);
  if (!place || (verb !== 'flush' && verb !== 'delete')) return undefined;
  if (object === 'table') return withTable(netns, place, verb === 'delete' ? undefined : () => true);
  const chain = place.rest[0];
  if (object !== 'chain' || verb !== 'flush' || chain === undefined) return undefined;
  return withTable(netns, place, (name) => name === chain);
}

interface Place {
  readonly family: 'ip' | 'ip6';
  readonly table: TableName;
  readonly rest: readonly string[];
}

/** A table that iptables-save shows of the nft backend. */
function iptablesPlace(netns: Netns, words: readonly string[]): Place | undefined {
  const all = words.flatMap((word) => word.split(/\s+/));
  const at = ['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename'].includes(
    all[0] ?? '',
  )
    ? 2
    : 1;
  const named = all[at] as NftFamily;
  const family = named === 'ip6' ? 'ip6' : 'ip';
  const rest = all.slice(named === 'ip' || named === 'ip6' ? at + 1 : at);
  const rulesets = (family === 'ip' ? netns.rulesets4 : netns.rulesets6) ?? [];
  const table = rest[0] as TableName;
  const known = rulesets.some(({ backend, tables }) => backend === 'nft' && tables.has(table));
  const native = netns.nft?.tables.some(
    (each) => each.family === family && each.name === table && !each.iptables,
  );
  return known && native !== true ? { family, table, rest: rest.slice(1) } : undefined;
}

function iptablesTable(netns: Netns, words: readonly string[]): string | undefined {
  const place = iptablesPlace(netns, words);
  return place && `${place.family} ${place.table}`;
}

/** Chains that `emptied` names lose their rules; without it the table goes. */
function withTable(
  netns: Netns,
  { family, table }: Place,
  emptied: ((chain: string) => boolean) | undefined,
): Netns {
  const change = (rulesets: readonly Ruleset[] | undefined): Ruleset[] =>
    (rulesets ?? []).map((ruleset) => {
      const older = ruleset.tables.get(table);
      if (ruleset.backend !== 'nft' || !older) return ruleset;
      const tables = new Map(ruleset.tables);
      if (!emptied) tables.delete(table);
      else {
        const chains = [...older.chains].map(
          ([name, chain]) => [name, emptied(name) ? { ...chain, rules: [] } : chain] as const,
        );
        tables.set(table, { ...older, chains: new Map(chains) });
      }
      return { ...ruleset, tables };
    });
  const rulesets = change(family === 'ip' ? netns.rulesets4 : netns.rulesets6);
  const nft = netns.nft && {
    ...netns.nft,
    tables: emptied
      ? netns.nft.tables
      : netns.nft.tables.filter((each) => each.family !== family || each.name !== table),
  };
  return {
    ...netns,
    ...(nft && { nft }),
    ...(family === 'ip' ? { rulesets4: rulesets } : { rulesets6: rulesets }),
  };
}
