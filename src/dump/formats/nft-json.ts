/** `nft -j list ruleset` (libnftables-json(5)). */
import { readJsonRuleset } from '../../nft/json/read.ts';
import { list, objects } from '../fields.ts';
import { type Format, jsonIssues, type Parsed } from '../format.ts';
import { isObject, lineOf } from '../json.ts';
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
  parse,
};

function parse(source: DumpText): Parsed {
  const items = objects(source.json?.values ?? []).flatMap((root) => objects(list(root, 'nftables')));
  const { ruleset, issues } = readJsonRuleset(items, source.path, lineOf);
  return { content: { kind: 'nft', ruleset }, issues: [...issues, ...jsonIssues(source)] };
}
