/** `nft -j list ruleset` (libnftables-json(5)). */
import type { Issue } from '../../base/issue.ts';
import { printRule } from '../print/rule.ts';
import { type BaseHook, type Flowtable, NFT_HOOKS, type NftRule } from '../ruleset.ts';
import type { Scope } from '../scope.ts';
import type { Read } from '../text/read.ts';
import { complainTo, familyOf, finish, tableOf } from '../text/read.ts';
import { addSet, SAME_TYPE } from '../text/set.ts';
import { scopeOf, type TableDraft } from '../text/table.ts';
import { objectOf } from './object.ts';
import { setOf } from './set.ts';
import { statementOf } from './statement.ts';
import { isObject, type Json, type JsonObject, listOf, numberOf, single, textOf, words } from './value.ts';

/** `items`: what stands in the list `nftables`. `lineOf`: where an object began. */
export function readJsonRuleset(
  items: readonly Json[],
  path: string,
  lineOf: (object: JsonObject) => number,
): Read {
  const issues: Issue[] = [];
  const complain = complainTo(issues, path);
  const drafts = new Map<string, TableDraft>();
  const scopes = new Map<TableDraft, Scope>();
  for (const item of items) {
    // Commands (`{"add": {…}}`) carry the same objects.
    let entry = isObject(item) ? single(item) : undefined;
    if (entry && (entry[0] === 'add' || entry[0] === 'create') && isObject(entry[1]))
      entry = single(entry[1]);
    const [kind, object] = entry ?? [];
    if (kind === undefined || kind === 'metainfo' || !isObject(object)) continue;
    const line = lineOf(object);
    const family = familyOf(textOf(object, 'family'));
    if (!family) {
      complain(line, kind, 'a family: ip, ip6, inet, arp, bridge or netdev');
      continue;
    }
    const name = textOf(object, 'name') ?? '';
    const tableName = kind === 'table' ? name : textOf(object, 'table');
    // A statement of a rule that broke off has a family as well.
    if (!tableName) {
      complain(line, kind, 'the name of a table');
      continue;
    }
    const table = tableOf(drafts, family, tableName, line);
    const scope = scopes.get(table) ?? scopeOf(path, table, complain);
    scopes.set(table, scope);
    const span = { path, line };
    if (kind === 'table') header(table, object);
    else if (kind === 'chain') chain(table, object, path, line);
    else if (kind === 'rule') rule(table, object, scope, line);
    else if (kind === 'set' || kind === 'map')
      addSet(table.sets, setOf(object, kind, scope, span), () =>
        complain(line, `${kind} ${name}`, SAME_TYPE),
      );
    else if (kind === 'flowtable') table.flowtables.push(flowtable(object, path, line));
    else if (kind === 'element') continue;
    else {
      const made = objectOf(kind, object, span);
      if (made) table.objects.push(made);
      else complain(line, kind, 'a table, chain, rule, set, map or object');
    }
  }
  return {
    ruleset: { tables: [...drafts.values()].map((draft) => finish(draft, path, false)), path },
    issues,
  };
}

function header(table: TableDraft, object: JsonObject): void {
  for (const flag of words(object.flags)) {
    // nft 1.0.6 prints other bytes here than the flag's name.
    if (flag === 'dormant' || flag === 'owner' || flag === 'persist') table.flags.add(flag);
  }
  const [comment, handle] = [textOf(object, 'comment'), numberOf(object, 'handle')];
  if (comment !== undefined) table.comment = comment;
  if (handle !== undefined) table.handle = handle;
}

function chain(table: TableDraft, object: JsonObject, path: string, line: number): void {
  const name = textOf(object, 'name') ?? '';
  const [comment, handle] = [textOf(object, 'comment'), numberOf(object, 'handle')];
  // What is there already under that name keeps its rules.
  const older = table.chains.get(name);
  const base = baseOf(object) ?? older?.base;
  table.chains.set(name, {
    name,
    ...(base ? { base } : {}),
    rules: older?.rules ?? [],
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    span: { path, line },
  });
}

function baseOf(object: JsonObject): BaseHook | undefined {
  const type = textOf(object, 'type');
  const hook = NFT_HOOKS.find((each) => each === textOf(object, 'hook'));
  if (!hook || (type !== 'filter' && type !== 'nat' && type !== 'route')) return undefined;
  return {
    type,
    hook,
    priority: numberOf(object, 'prio') ?? 0,
    devices: words(object.dev),
    policy: textOf(object, 'policy') === 'drop' ? 'drop' : 'accept',
  };
}

function rule(table: TableDraft, object: JsonObject, scope: Scope, line: number): void {
  const chainName = textOf(object, 'chain') ?? '';
  const known = table.chains.get(chainName);
  const statements = listOf(object.expr).map((each) => statementOf(each, scope));
  for (const statement of statements) {
    if (statement.kind === 'unknown') scope.complain(line, statement.text, 'a statement that is known');
  }
  const [comment, handle] = [textOf(object, 'comment'), numberOf(object, 'handle')];
  const made: NftRule = {
    statements,
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    text: printRule({ statements }, { family: table.family, chains: table.chains, stateful: true }),
    span: { path: scope.path, line },
  };
  if (known) (known.rules as NftRule[]).push(made);
  else {
    table.chains.set(chainName, { name: chainName, rules: [made], span: { path: scope.path, line } });
  }
}

function flowtable(object: JsonObject, path: string, line: number): Flowtable {
  const handle = numberOf(object, 'handle');
  return {
    name: textOf(object, 'name') ?? '',
    priority: numberOf(object, 'prio') ?? 0,
    devices: words(object.dev),
    flags: words(object.flags).filter((flag) => flag === 'offload' || flag === 'counter'),
    ...(handle === undefined ? {} : { handle }),
    span: { path, line },
  };
}
