/** The text of `nft list ruleset`, `list table` or `list chain`, with or without -a, -s and -n. */
import type { Issue } from '../../base/issue.ts';
import { isIptables } from '../iptables.ts';
import { NFT_FAMILIES, type NftFamily, type NftRuleset, type NftTable } from '../ruleset.ts';
import { cursorOf, isSymbol, peek, peekWord, skipSymbol, skipWord, slice, takeName } from './cursor.ts';
import { withBracketsByLayout } from './layout.ts';
import { tokenize } from './lexer.ts';
import { type Complain, skipLine, type TableDraft, tableBody } from './table.ts';

export interface Read {
  readonly ruleset: NftRuleset;
  readonly issues: readonly Issue[];
}

/** nft's own word for tables of iptables-nft. */
const MANAGED = /^[ \t]*# Warning: table (\S+) (\S+) is managed by iptables-nft/gm;

export function readRuleset(given: string, path: string): Read {
  const issues: Issue[] = [];
  const complain = complainTo(issues, path);
  const text = withBracketsByLayout(given, (line, found) =>
    complain(line, found.trim(), 'brackets that match; what they enclose was told by the indentation'),
  );
  const cursor = cursorOf(text, tokenize(text));
  const drafts = new Map<string, TableDraft>();
  for (let token = peek(cursor); token; token = peek(cursor)) {
    if (token.kind === 'newline' || token.kind === 'handle' || isSymbol(cursor, ';')) {
      cursor.at++;
      continue;
    }
    const from = cursor.at;
    const table = skipWord(cursor, 'table') ? header(cursor, token.line, drafts) : undefined;
    if (table) {
      tableBody(cursor, path, table, complain);
      continue;
    }
    delete cursor.fault;
    cursor.at = from + 1;
    skipLine(cursor);
    // A file that is loaded with `nft -f` mostly begins so; it leaves what follows.
    const found = slice(cursor, from, cursor.at);
    if (found !== 'flush ruleset') complain(token.line, found, 'a table: `table inet filter {`');
    if (isSymbol(cursor, '}')) cursor.at++;
  }
  const managed = new Set<string>();
  for (const [, family, name] of text.matchAll(MANAGED)) managed.add(`${family} ${name}`);
  const tables = [...drafts.values()].map((draft) =>
    finish(draft, path, managed.has(`${draft.family} ${draft.name}`)),
  );
  return { ruleset: { tables, path }, issues };
}

export function complainTo(issues: Issue[], path: string): Complain {
  return (line, found, expected) => {
    issues.push({
      severity: 'warning',
      code: 'nft-not-understood',
      text: `\`${found.slice(0, 80)}${found.length > 80 ? '…' : ''}\`: ${/ where /.test(expected) ? '' : 'expected '}${expected}`,
      path,
      line,
    });
  };
}

/** `FAMILY NAME {`; without a family it is ip. */
function header(
  cursor: ReturnType<typeof cursorOf>,
  line: number,
  drafts: Map<string, TableDraft>,
): TableDraft | undefined {
  const family = familyOf(peekWord(cursor));
  const hasFamily = family !== undefined && !isSymbol(cursor, '{', 1);
  if (hasFamily) cursor.at++;
  const name = takeName(cursor, 'a name');
  if (!skipSymbol(cursor, '{') || cursor.fault !== undefined) return undefined;
  return tableOf(drafts, hasFamily ? family : 'ip', name, line);
}

export function familyOf(word: string | undefined): NftFamily | undefined {
  return NFT_FAMILIES.find((each) => each === word);
}

export function tableOf(
  drafts: Map<string, TableDraft>,
  family: NftFamily,
  name: string,
  line: number,
): TableDraft {
  const key = `${family} ${name}`;
  const known = drafts.get(key);
  if (known) return known;
  const draft: TableDraft = {
    family,
    name,
    flags: new Set(),
    chains: new Map(),
    sets: new Map(),
    objects: [],
    flowtables: [],
    line,
  };
  drafts.set(key, draft);
  return draft;
}

export function finish(draft: TableDraft, path: string, managed: boolean): NftTable {
  const table: NftTable = {
    family: draft.family,
    name: draft.name,
    flags: [...draft.flags],
    chains: [...draft.chains.values()],
    sets: [...draft.sets.values()],
    objects: draft.objects,
    flowtables: draft.flowtables,
    iptables: false,
    ...(draft.comment === undefined ? {} : { comment: draft.comment }),
    ...(draft.handle === undefined ? {} : { handle: draft.handle }),
    span: { path, line: draft.line },
  };
  return { ...table, iptables: managed || isIptables(table) };
}
