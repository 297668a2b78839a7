/** `table FAMILY NAME { … }` with its chains, sets, objects and flowtables. */

import type { NftObject } from '../object.ts';
import {
  type BaseHook,
  type Flowtable,
  NFT_HOOKS,
  type NftChain,
  type NftFamily,
  type NftRule,
  type NftTable,
} from '../ruleset.ts';
import type { Scope } from '../scope.ts';
import type { NftSet } from '../set.ts';
import {
  atEnd,
  type Cursor,
  fail,
  isSymbol,
  peek,
  peekWord,
  skipSymbol,
  skipWord,
  slice,
  takeName,
  takeWord,
} from './cursor.ts';
import {
  devices,
  type FlowtableDraft,
  finishObject,
  flowtableLine,
  OBJECT_KINDS,
  type ObjectDraft,
  objectLine,
  priority,
} from './object.ts';
import { rule, takeHandle } from './rule.ts';
import { addSet, draftSet, finishSet, SAME_TYPE, setLine } from './set.ts';

export interface TableDraft {
  readonly family: NftFamily;
  readonly name: string;
  readonly flags: Set<NftTable['flags'][number]>;
  readonly chains: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
  readonly objects: NftObject[];
  readonly flowtables: Flowtable[];
  comment?: string;
  handle?: number;
  readonly line: number;
}

export type Complain = (line: number, found: string, expected: string) => void;

export function scopeOf(path: string, table: TableDraft, complain: Complain): Scope {
  return {
    path,
    family: table.family,
    sets: table.sets,
    complain,
    addChain(chain) {
      let number = 0;
      while (table.chains.has(`__chain${number}`)) number++;
      table.chains.set(`__chain${number}`, { ...chain, name: `__chain${number}` });
      return `__chain${number}`;
    },
  };
}

/** Behind the table's `{`, to its `}`. */
export function tableBody(cursor: Cursor, path: string, table: TableDraft, complain: Complain): void {
  const scope = scopeOf(path, table, complain);
  block(cursor, complain, () => {
    const line = peek(cursor)?.line ?? 1;
    const span = { path, line };
    const handle = takeHandle(cursor);
    if (handle !== undefined) {
      table.handle = handle;
      return;
    }
    const word = takeWord(cursor, 'a chain, set, map or object');
    if (word === 'comment') table.comment = takeName(cursor, 'a comment');
    else if (word === 'flags') tableFlags(cursor, table);
    else if (word === 'chain') {
      const name = takeName(cursor, 'a name');
      open(cursor);
      if (cursor.fault === undefined) chainBody(cursor, scope, table, name, line);
    } else if (word === 'set' || word === 'map') {
      const draft = draftSet(takeName(cursor, 'a name'), span);
      open(cursor);
      if (cursor.fault !== undefined) return;
      block(cursor, complain, () => {
        const own = takeHandle(cursor);
        if (own !== undefined) draft.handle = own;
        else setLine(cursor, scope, draft);
      });
      if (draft.key.length === 0 && draft.typeof === undefined)
        complain(line, `${word} ${draft.name}`, 'a type or typeof in it');
      addSet(table.sets, finishSet(draft), () => complain(line, `${word} ${draft.name}`, SAME_TYPE));
    } else if (word === 'flowtable') {
      const name = takeName(cursor, 'a name');
      open(cursor);
      if (cursor.fault !== undefined) return;
      const draft: FlowtableDraft = { priority: 0, devices: [], flags: [] };
      block(cursor, complain, () => {
        const own = takeHandle(cursor);
        if (own !== undefined) draft.handle = own;
        else flowtableLine(cursor, table.family, draft);
      });
      table.flowtables.push({ name, ...draft, span });
    } else object(cursor, table, complain, word, span);
  });
}

function object(
  cursor: Cursor,
  table: TableDraft,
  complain: Complain,
  word: string,
  span: { readonly path: string; readonly line: number },
): void {
  const full = word === 'ct' ? `ct ${takeWord(cursor, 'helper, timeout or expectation')}` : word;
  const kind = OBJECT_KINDS.find((each) => each === full);
  if (!kind) {
    cursor.at--;
    fail(cursor, 'a chain, set, map or object');
    return;
  }
  const name = takeName(cursor, 'a name');
  const draft: ObjectDraft = {};
  if (atEnd(cursor)) {
    // `counter c` alone, as people write it.
  } else {
    open(cursor);
    if (cursor.fault !== undefined) return;
    block(cursor, complain, () => {
      const own = takeHandle(cursor);
      if (own !== undefined) draft.handle = own;
      else objectLine(cursor, kind, draft);
    });
  }
  const made = finishObject(kind, name, draft, span);
  if (made) table.objects.push(made);
  else complain(span.line, `${kind} ${name}`, 'what it holds');
}

function open(cursor: Cursor): void {
  if (!skipSymbol(cursor, '{')) fail(cursor, '`{`');
}

function tableFlags(cursor: Cursor, table: TableDraft): void {
  do {
    const flag = takeWord(cursor, 'dormant, owner or persist');
    if (flag === 'dormant' || flag === 'owner' || flag === 'persist') table.flags.add(flag);
    else fail(cursor, 'dormant, owner or persist');
  } while (skipSymbol(cursor, ','));
}

/** Calls for every line until the `}`; one that isn't understood costs itself, with the block that it opens. */
export function block(cursor: Cursor, complain: Complain, line: () => void): void {
  for (let token = peek(cursor); token; token = peek(cursor)) {
    if (token.kind === 'newline' || isSymbol(cursor, ';')) {
      cursor.at++;
      continue;
    }
    if (skipSymbol(cursor, '}')) return;
    if (beginsTable(cursor)) break;
    const from = cursor.at;
    line();
    if (cursor.fault === undefined && cursor.at > from) continue;
    const why =
      (cursor.fault ?? '').replace(/^.* where (.*) was expected$/, '$1') || 'something that is known';
    delete cursor.fault;
    // From its first word, so that the block which it opens is passed over with it.
    cursor.at = from;
    if (token.text !== '{') cursor.at++;
    skipLine(cursor);
    complain(token.line, slice(cursor, from, cursor.at), why);
  }
  if (cursor.unclosed === cursor.at) return;
  cursor.unclosed = cursor.at;
  const next = peek(cursor);
  const place = next?.line ?? cursor.tokens.at(-1)?.line ?? 1;
  complain(place, next ? 'table' : 'the end of the text', '`}` before it: the text breaks off');
}

/** A table stands in nothing: something before it was not closed. */
function beginsTable(cursor: Cursor): boolean {
  if (peekWord(cursor) !== 'table') return false;
  return isSymbol(cursor, '{', 2) || isSymbol(cursor, '{', 3);
}

export function skipLine(cursor: Cursor): void {
  let depth = 0;
  for (let token = peek(cursor); token; token = peek(cursor)) {
    if (token.kind === 'symbol' && token.text === '{') depth++;
    if (token.kind === 'symbol' && token.text === '}' && --depth < 0) return;
    if (token.kind === 'newline' && depth <= 0) return;
    cursor.at++;
  }
}

/** Behind the chain's `{`, to its `}`. What stands in it comes behind what the chain has. */
export function chainBody(cursor: Cursor, scope: Scope, table: TableDraft, name: string, line: number): void {
  const older = table.chains.get(name);
  // Of a chain that is told again and again they are not copied each time.
  const rules = (older?.rules ?? []) as NftRule[];
  let base: BaseHook | undefined;
  let comment: string | undefined;
  let handle: number | undefined;
  let policy: BaseHook['policy'] | undefined;
  let offload = false;
  block(cursor, scope.complain, () => {
    const own = takeHandle(cursor);
    if (own !== undefined) handle = own;
    else if (peekWord(cursor) === 'comment') {
      cursor.at++;
      comment = takeName(cursor, 'a comment');
    } else if (skipWord(cursor, 'policy')) {
      const word = takeWord(cursor, 'accept or drop');
      if (word === 'accept' || word === 'drop') policy = word;
      else fail(cursor, 'accept or drop');
    } else if (skipWord(cursor, 'flags')) {
      if (skipWord(cursor, 'offload')) offload = true;
      else fail(cursor, 'offload');
    } else if (skipWord(cursor, 'type')) base = hook(cursor, table.family) ?? base;
    else rules.push(rule(cursor, scope));
  });
  const hung = base ?? older?.base;
  table.chains.set(name, {
    name,
    ...(hung
      ? { base: { ...hung, ...(policy ? { policy } : {}), ...(offload ? { offload: true } : {}) } }
      : {}),
    rules,
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    span: { path: scope.path, line },
  });
}

/** Behind `type`: `filter hook input device "lo" priority filter + 5`. */
export function hook(cursor: Cursor, family: NftFamily): BaseHook | undefined {
  const type = takeWord(cursor, 'filter, nat or route');
  if (type !== 'filter' && type !== 'nat' && type !== 'route') {
    fail(cursor, 'filter, nat or route');
    return undefined;
  }
  if (!skipWord(cursor, 'hook')) fail(cursor, '`hook`');
  const word = takeWord(cursor, 'a hook');
  const name = NFT_HOOKS.find((each) => each === word);
  if (!name) fail(cursor, 'a hook');
  const on = skipWord(cursor, 'device', 'devices') ? devices(cursor) : [];
  if (!skipWord(cursor, 'priority')) fail(cursor, '`priority`');
  const value = priority(cursor, family);
  if (!name || value === undefined || cursor.fault !== undefined) return undefined;
  return { type, hook: name, priority: value, devices: on, policy: 'accept' };
}
