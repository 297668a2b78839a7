/**
 * nft(8) commands that change a ruleset, as nft_cmd_parse and the kernel's nf_tables_api.c take them: add, create, insert, replace, delete,
 * destroy, flush and rename of tables, chains, rules, sets, elements and stateful objects.
 */
import type { NftFamily, NftRuleset, NftTable } from '../ruleset.ts';
import { type Cursor, cursorOf, isSymbol, peek, peekWord, skipSymbol } from '../text/cursor.ts';
import { tokenize } from '../text/lexer.ts';
import { familyOf, finish } from '../text/read.ts';
import { type TableDraft, tableBody } from '../text/table.ts';
import { changeChain } from './chain.ts';
import { changeElement } from './element.ts';
import { listener } from './listener.ts';
import { changeObject } from './object.ts';
import { chainsIn } from './references.ts';
import { changeRule } from './rule.ts';
import { changeSet } from './set.ts';

/** Why a command is not applied; words that can stand behind it. */
export interface Refused {
  readonly refused: string;
}

export const VERBS = ['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename'] as const;
export type Verb = (typeof VERBS)[number];

/** What a command of one object has to go by. */
export interface Change {
  readonly verb: Verb;
  readonly cursor: Cursor;
  readonly table: TableDraft;
  readonly path: string;
}

const SHOWING = new Set(['list', 'reset', 'monitor', 'describe', 'export', 'get']);

/** One or more commands, separated by `;` or line ends. The ruleset given stays as it is. */
export function runNft(ruleset: NftRuleset, text: string, path: string): NftRuleset | Refused {
  const cursor = cursorOf(text, tokenize(text));
  const drafts = new Map(ruleset.tables.map((table) => [keyOf(table.family, table.name), draftOf(table)]));
  const managed = new Set(
    ruleset.tables.filter(({ iptables }) => iptables).map(({ family, name }) => keyOf(family, name)),
  );
  let commands = 0;
  while (peek(cursor)) {
    if (isSymbol(cursor, ';') || peek(cursor)?.kind === 'newline') {
      cursor.at++;
      continue;
    }
    const fault = command(cursor, drafts, path) ?? trailing(cursor);
    if (fault !== undefined) return { refused: fault };
    commands++;
  }
  if (commands === 0) return { refused: 'no command' };
  for (const draft of drafts.values()) {
    const missing = lackingChain(draft);
    if (missing !== undefined)
      return { refused: `table ${draft.family} ${draft.name} has no chain ${missing}` };
  }
  return {
    tables: [...drafts].map(([key, draft]) => finish(draft, path, managed.has(key))),
    path: ruleset.path,
  };
}

function trailing(cursor: Cursor): string | undefined {
  if (cursor.fault !== undefined) return `found ${cursor.fault}`;
  const token = peek(cursor);
  if (!token || token.kind === 'newline' || isSymbol(cursor, ';')) return undefined;
  return `\`${token.text.slice(0, 30)}\` is too much`;
}

function command(cursor: Cursor, drafts: Map<string, TableDraft>, path: string): string | undefined {
  const first = peekWord(cursor) ?? '';
  if (SHOWING.has(first)) return 'it changes nothing';
  const named = VERBS.find((each) => each === first);
  if (named) cursor.at++;
  // `nft rule …` is `nft add rule …`.
  const verb = named ?? 'add';
  const object = peekWord(cursor) ?? '';
  cursor.at++;
  if (object === 'ruleset') return flushRuleset(verb, cursor, drafts);
  const full = object === 'ct' ? `ct ${peekWord(cursor) ?? ''}` : object;
  if (object === 'ct') cursor.at++;
  const family = familyOf(peekWord(cursor));
  // A table may be called like a family: `add table ip`.
  const isName = family !== undefined && !peekWord(cursor, 1);
  if (family !== undefined && !isName) cursor.at++;
  const own: NftFamily = family === undefined || isName ? 'ip' : family;
  if (full === 'table') return changeTable(verb, cursor, own, drafts, path);
  const name = peekWord(cursor) ?? '';
  cursor.at++;
  const table = drafts.get(keyOf(own, name));
  if (!table) {
    return verb === 'destroy' ? skipRest(cursor) : `there is no table ${own} ${name.slice(0, 60)}`;
  }
  const change: Change = { verb, cursor, table, path };
  switch (full) {
    case 'chain':
      return changeChain(change);
    case 'rule':
      return changeRule(change);
    case 'set':
    case 'map':
      return changeSet(change);
    case 'element':
      return changeElement(change);
    case 'counter':
    case 'quota':
    case 'limit':
    case 'secmark':
    case 'synproxy':
    case 'ct helper':
    case 'ct timeout':
    case 'ct expectation':
      return changeObject(change, full);
    default:
      return `what \`nft ${verb} ${full}\` does is not modelled`;
  }
}

function skipRest(cursor: Cursor): undefined {
  while (peek(cursor) && peek(cursor)?.kind !== 'newline' && !isSymbol(cursor, ';')) cursor.at++;
  return undefined;
}

function flushRuleset(verb: Verb, cursor: Cursor, drafts: Map<string, TableDraft>): string | undefined {
  if (verb !== 'flush') return 'a ruleset can only be flushed';
  const family = familyOf(peekWord(cursor));
  if (family) cursor.at++;
  for (const [key, draft] of [...drafts]) if (!family || draft.family === family) drafts.delete(key);
  return undefined;
}

function changeTable(
  verb: Verb,
  cursor: Cursor,
  family: NftFamily,
  drafts: Map<string, TableDraft>,
  path: string,
): string | undefined {
  const byHandle = peekWord(cursor) === 'handle';
  if (byHandle) cursor.at++;
  const word = peekWord(cursor) ?? '';
  cursor.at++;
  const table = byHandle
    ? [...drafts.values()].find((draft) => draft.family === family && `${draft.handle}` === word)
    : drafts.get(keyOf(family, word));
  const said = `${family} ${word.slice(0, 60)}`;
  switch (verb) {
    case 'add':
    case 'create': {
      if (word === '') return 'a table has a name';
      if (table && verb === 'create') return `there is a table ${said} already`;
      const draft = table ?? {
        family,
        name: word,
        flags: new Set<never>(),
        chains: new Map(),
        sets: new Map(),
        objects: [],
        flowtables: [],
        line: 1,
      };
      drafts.set(keyOf(family, word), draft);
      if (!skipSymbol(cursor, '{')) return undefined;
      const heard = listener();
      tableBody(cursor, path, draft, heard.complain);
      return heard.first();
    }
    case 'delete':
    case 'destroy':
      if (!table) return verb === 'destroy' ? undefined : `there is no table ${said}`;
      drafts.delete(keyOf(family, table.name));
      return undefined;
    case 'flush':
      if (!table) return `there is no table ${said}`;
      for (const [name, chain] of table.chains) table.chains.set(name, { ...chain, rules: [] });
      return undefined;
    default:
      return `\`nft ${verb} table\` is no command of nft`;
  }
}

function keyOf(family: NftFamily, name: string): string {
  return `${family} ${name}`;
}

function draftOf(table: NftTable): TableDraft {
  return {
    family: table.family,
    name: table.name,
    flags: new Set(table.flags),
    chains: new Map(table.chains.map((chain) => [chain.name, chain])),
    sets: new Map(table.sets.map((set) => [set.name, set])),
    objects: [...table.objects],
    flowtables: [...table.flowtables],
    ...(table.comment === undefined ? {} : { comment: table.comment }),
    ...(table.handle === undefined ? {} : { handle: table.handle }),
    line: table.span.line,
  };
}

/** A chain that a rule or a map's element jumps to, and that isn't there. */
function lackingChain({ chains, sets }: TableDraft): string | undefined {
  const wanted = chainsIn([[...chains.values()], [...sets.values()]]);
  return [...wanted].find((name) => !chains.has(name));
}
