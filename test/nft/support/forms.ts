/** The text and the JSON form of one ruleset, read; and what of it both forms tell. */

import { list, objects } from '../../../src/dump/fields.ts';
import { lineOf, parseJson } from '../../../src/dump/json.ts';
import { readJsonRuleset } from '../../../src/nft/json/read.ts';
import type { NftRuleset } from '../../../src/nft/ruleset.ts';
import { type Read, readRuleset } from '../../../src/nft/text/read.ts';

export function fromText(text: string): Read {
  return readRuleset(text, 'x.nft');
}

export function fromJson(text: string): Read {
  const { values } = parseJson(text);
  const items = objects([...values]).flatMap((root) => objects(list(root, 'nftables')));
  return readJsonRuleset(items, 'x.json', lineOf);
}

/**
 * nft 1.0.6 leaves out of its JSON: `typeof` (only the type is told, not its width), the flag `dynamic`, the devices of chains, the
 * comments and flags of tables and the comments of chains. Handles are only in what -a prints, and elements age in between.
 */
const NOT_TOLD = new Set(['span', 'handle', 'path', 'typeof', 'expires', 'autoMerge', 'devices', 'iptables']);

export function comparable({ tables }: NftRuleset): unknown {
  return tables.map(({ comment: _, flags: __, chains, sets, ...table }) =>
    strip({
      ...table,
      chains: chains
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ comment: ___, rules, ...chain }) => ({
          ...chain,
          rules: rules.map(({ text: ____, ...rule }) => rule),
        })),
      sets: sets.map(({ flags, key, data, ...set }) => ({
        ...set,
        // A timeout for all elements goes with its flag, which the text does not always name.
        flags: flags.filter(
          (flag) => flag !== 'dynamic' && !(flag === 'timeout' && set.timeout !== undefined),
        ),
        key: key.map(({ type }) => type),
        data: data?.kind === 'value' ? data.type.map(({ type }) => type) : data,
      })),
    }),
  );
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !NOT_TOLD.has(key) && inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, strip(inner)]));
}

/** Statements that were not understood, with their text. */
export function unknowns({ tables }: NftRuleset): string[] {
  return tables.flatMap(({ chains }) =>
    chains.flatMap(({ rules }) =>
      rules.flatMap(({ statements }) =>
        statements.flatMap((statement) => (statement.kind === 'unknown' ? [statement.text] : [])),
      ),
    ),
  );
}
