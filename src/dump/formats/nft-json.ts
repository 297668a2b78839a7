/** `nft -j list ruleset` (libnftables-json(5)). */
import { child, list, number, objects, text } from '../fields.ts';
import { type Format, jsonIssues, type Parsed } from '../format.ts';
import { isObject, type JsonObject, lineOf } from '../json.ts';
import { chainsOf, type NftChainDraft, type NftTable } from '../nft-record.ts';
import type { DumpText } from '../text.ts';

export const nftJson: Format = {
  id: 'nft-json',
  command: 'nft -j list ruleset',
  recognise(source) {
    const root = (source.json?.values ?? []).find(
      (value) => isObject(value) && Array.isArray(value.nftables),
    );
    return isObject(root) ? `JSON, line ${lineOf(root)}: an object with \`nftables\`` : undefined;
  },
  parse: parseTables,
};

function parseTables(source: DumpText): Parsed {
  const tables = new Map<string, NftTable>();
  const tableOf = (family: string, name: string): NftTable => {
    const key = `${family} ${name}`;
    const found = tables.get(key) ?? { family, name, chains: [], managed: false, foreign: false };
    tables.set(key, found);
    return found;
  };
  const chains = new Map<string, NftChainDraft>();
  for (const root of objects(source.json?.values ?? [])) {
    for (const item of objects(list(root, 'nftables'))) {
      const [kind] = Object.keys(item);
      const object = kind === undefined ? undefined : child(item, kind);
      if (kind === undefined || !object) continue;
      const family = text(object, 'family') ?? '';
      if (kind === 'table') tableOf(family, text(object, 'name') ?? '');
      else if (kind === 'chain') {
        const chain = chainOf(object, source.path);
        tableOf(family, chain.table).chains.push(chain);
        chains.set(`${family} ${chain.table} ${chain.name}`, chain);
      } else if (kind === 'rule') {
        const table = text(object, 'table') ?? '';
        const chain = chains.get(`${family} ${table} ${text(object, 'chain')}`);
        if (chain) chain.ruleCount++;
        const counts = objects(list(object, 'expr')).some((expression) => 'counter' in expression);
        if (!counts) tableOf(family, table).foreign = true;
      } else if (kind !== 'metainfo') {
        tableOf(family, text(object, 'table') ?? '').foreign = true;
      }
    }
  }
  return { content: { kind: 'nft', chains: chainsOf([...tables.values()]) }, issues: jsonIssues(source) };
}

function chainOf(object: JsonObject, path: string): NftChainDraft {
  const hook = text(object, 'hook');
  const type = text(object, 'type');
  const policy = text(object, 'policy');
  const priority = number(object, 'prio');
  return {
    family: text(object, 'family') ?? '',
    table: text(object, 'table') ?? '',
    name: text(object, 'name') ?? '',
    ...(hook === undefined ? {} : { hook }),
    ...(priority === undefined ? {} : { priority }),
    ...(type === undefined ? {} : { type }),
    ...(policy === undefined ? {} : { policy }),
    ruleCount: 0,
    span: { path, line: lineOf(object) },
  };
}
