/** `nft add|create|delete|destroy|flush|rename chain [FAMILY] TABLE NAME [{ type … }]`: nf_tables_newchain(), nf_tables_delchain(). */
import { peekWord, skipSymbol } from '../text/cursor.ts';
import { chainBody, scopeOf } from '../text/table.ts';
import { listener } from './listener.ts';
import { chainsIn } from './references.ts';
import type { Change } from './run.ts';

export function changeChain({ verb, cursor, table, path }: Change): string | undefined {
  const byHandle = peekWord(cursor) === 'handle';
  if (byHandle) cursor.at++;
  const word = peekWord(cursor) ?? '';
  cursor.at++;
  const known = byHandle
    ? [...table.chains.values()].find(({ handle }) => `${handle}` === word)
    : table.chains.get(word);
  const missing = `table ${table.family} ${table.name} has no chain ${word.slice(0, 60)}`;
  switch (verb) {
    case 'add':
    case 'create': {
      if (word === '') return 'a chain has a name';
      if (known && verb === 'create') return `there is a chain ${word} already`;
      if (!known) table.chains.set(word, { name: word, rules: [], span: { path, line: 1 } });
      if (!skipSymbol(cursor, '{')) return undefined;
      const heard = listener();
      chainBody(cursor, scopeOf(path, table, heard.complain), table, word, 1);
      const hung = table.chains.get(word)?.base;
      // nf_tables_updchain(): of a chain that hangs only the policy changes.
      if (known && !known.base && hung) return `chain ${word} is there already, and no base chain`;
      return heard.first();
    }
    case 'delete':
    case 'destroy': {
      if (!known) return verb === 'destroy' ? undefined : missing;
      if (known.rules.length > 0) return `chain ${known.name} is not empty`;
      const others = [...table.chains.values()].filter((chain) => chain !== known);
      if (chainsIn([others, [...table.sets.values()]]).has(known.name))
        return `chain ${known.name} is in use`;
      table.chains.delete(known.name);
      return undefined;
    }
    case 'flush':
      if (!known) return missing;
      table.chains.set(known.name, { ...known, rules: [] });
      return undefined;
    case 'rename': {
      const to = peekWord(cursor) ?? '';
      cursor.at++;
      if (!known) return missing;
      if (to === '' || table.chains.has(to))
        return to === '' ? 'no new name' : `there is a chain ${to} already`;
      const renamed = [...table.chains].map(([name, chain]) => {
        const rules = renameJumps(chain.rules, known.name, to);
        return chain === known
          ? ([to, { ...chain, name: to, rules }] as const)
          : ([name, { ...chain, rules }] as const);
      });
      table.chains.clear();
      for (const [name, chain] of renamed) table.chains.set(name, chain);
      for (const [name, set] of table.sets)
        table.sets.set(name, { ...set, elements: renameJumps(set.elements, known.name, to) });
      return undefined;
    }
    default:
      return `\`nft ${verb} chain\` is no command of nft`;
  }
}

/** Rules and elements hold the chain itself, not its name. */
function renameJumps<T>(value: T, from: string, to: string): T {
  if (Array.isArray(value)) return value.map((each) => renameJumps(each, from, to)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const { kind, chain } = value as { kind?: unknown; chain?: unknown };
  const renamed = (kind === 'jump' || kind === 'goto') && chain === from ? { ...value, chain: to } : value;
  return Object.fromEntries(
    Object.entries(renamed).map(([key, each]) => [key, renameJumps(each, from, to)]),
  ) as T;
}
