/** `nft add|insert|replace|delete rule [FAMILY] TABLE CHAIN [handle|position|index N] [RULE]`: nf_tables_newrule(), nf_tables_delrule(). */
import { printRule } from '../print/rule.ts';
import type { NftChain, NftRule } from '../ruleset.ts';
import { peekWord, skipWord, takeNumber } from '../text/cursor.ts';
import { rule as readRule } from '../text/rule.ts';
import { scopeOf, type TableDraft } from '../text/table.ts';
import { listener } from './listener.ts';
import { setsIn } from './references.ts';
import type { Change } from './run.ts';

export function changeRule(change: Change): string | undefined {
  const { verb, cursor, table } = change;
  const name = peekWord(cursor) ?? '';
  cursor.at++;
  const chain = table.chains.get(name);
  if (!chain) return `table ${table.family} ${table.name} has no chain ${name.slice(0, 60)}`;
  const place = placeOf(change, chain);
  if (typeof place === 'string') return place;
  switch (verb) {
    case 'delete':
    case 'destroy':
      if (place === undefined) return 'a rule is deleted by its handle (nft -a list ruleset)';
      put(table, { ...chain, rules: chain.rules.toSpliced(place, 1) });
      return undefined;
    case 'replace': {
      if (place === undefined) return 'a rule is replaced by its handle (nft -a list ruleset)';
      const rule = read(change);
      if (typeof rule === 'string') return rule;
      put(table, { ...chain, rules: chain.rules.with(place, rule) });
      return undefined;
    }
    case 'add':
    case 'create':
    case 'insert': {
      const rule = read(change);
      if (typeof rule === 'string') return rule;
      const at = verb === 'insert' ? (place ?? 0) : place === undefined ? chain.rules.length : place + 1;
      // A chain inside of the rule was added meanwhile.
      put(table, { ...chain, rules: chain.rules.toSpliced(at, 0, rule) });
      return undefined;
    }
    default:
      return `\`nft ${verb} rule\` is no command of nft`;
  }
}

function put(table: TableDraft, chain: NftChain): void {
  table.chains.set(chain.name, chain);
}

/** The index that `handle`, `position` or `index` means; undefined where none of them stands. */
function placeOf({ cursor, verb }: Change, chain: NftChain): number | string | undefined {
  const byIndex = skipWord(cursor, 'index');
  if (!byIndex && !skipWord(cursor, 'handle', 'position')) return undefined;
  const number = takeNumber(cursor);
  if (cursor.fault !== undefined) return cursor.fault;
  if (byIndex && (verb === 'delete' || verb === 'replace')) return `\`nft ${verb} rule\` takes a handle`;
  const at = byIndex ? number : chain.rules.findIndex(({ handle }) => handle === number);
  if (at >= 0 && at < chain.rules.length) return at;
  if (!byIndex && chain.rules.length > 0 && chain.rules.every(({ handle }) => handle === undefined))
    return 'the dump has no handles (nft -a list ruleset)';
  return `chain ${chain.name} has no rule with ${byIndex ? 'index' : 'handle'} ${number}`;
}

function read({ cursor, table, path }: Change): NftRule | string {
  const heard = listener();
  const rule = readRule(cursor, scopeOf(path, table, heard.complain));
  const wrong = heard.first();
  if (wrong !== undefined) return wrong;
  if (rule.statements.length === 0) return 'a rule has at least one statement';
  const missing = [...setsIn(rule.statements)].find((name) => !table.sets.has(name));
  if (missing !== undefined) return `table ${table.family} ${table.name} has no set ${missing}`;
  // A counter of the kernel's begins at zero.
  const statements = rule.statements.map((each) =>
    each.kind === 'counter' ? { ...each, packets: each.packets ?? 0, bytes: each.bytes ?? 0 } : each,
  );
  const text = printRule(
    { statements: rule.statements },
    { family: table.family, chains: table.chains, stateful: false },
  );
  return { ...rule, statements, text };
}
