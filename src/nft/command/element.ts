/** `nft add|create|delete|destroy element [FAMILY] TABLE SET { … }`: nf_tables_newsetelem(), nf_tables_delsetelem(). */
import { printElement } from '../print/element.ts';
import { dataParts } from '../scope.ts';
import type { NftSet, SetElement } from '../set.ts';
import { peekWord } from '../text/cursor.ts';
import { elements } from '../text/element.ts';
import { NAME } from '../text/stateful.ts';
import { scopeOf, type TableDraft } from '../text/table.ts';
import { listener } from './listener.ts';
import type { Change } from './run.ts';

export function changeElement({ verb, cursor, table, path }: Change): string | undefined {
  const name = peekWord(cursor) ?? '';
  cursor.at++;
  const set = table.sets.get(name);
  if (!set) return `table ${table.family} ${table.name} has no set ${name.slice(0, 60)}`;
  const heard = listener();
  const data = set.data?.kind === 'object' ? NAME : dataParts(set);
  const given = elements(cursor, scopeOf(path, table, heard.complain), set.key, data);
  const wrong = heard.first() ?? cursor.fault;
  if (wrong !== undefined) return wrong;
  const keyOf = keyIn(table);
  const keys = new Map(set.elements.map((element) => [keyOf(element), element]));
  for (const element of given) {
    const known = keys.get(keyOf(element));
    switch (verb) {
      case 'add':
      case 'create': {
        const problem = misfit(set, element, known, verb, keyOf(element));
        if (problem !== undefined) return problem;
        if (!known) keys.set(keyOf(element), element);
        break;
      }
      case 'delete':
        if (!known) return `set ${name} has no element ${keyOf(element)}`;
        keys.delete(keyOf(element));
        break;
      case 'destroy':
        keys.delete(keyOf(element));
        break;
      default:
        return `\`nft ${verb} element\` is no command of nft`;
    }
  }
  table.sets.set(name, { ...set, elements: [...keys.values()] });
  return undefined;
}

function misfit(
  set: NftSet,
  element: SetElement,
  known: SetElement | undefined,
  verb: 'add' | 'create',
  key: string,
): string | undefined {
  if (known && verb === 'create') return `set ${set.name} has the element ${key} already`;
  if (set.data && !element.data) return `${key} maps to nothing`;
  if (!set.data && element.data) return `${set.name} is no map`;
  const isRange = element.key.kind === 'range' || element.key.kind === 'prefix';
  if (isRange && !set.flags.includes('interval'))
    return `set ${set.name} has no flag interval: it can't hold ${key}`;
  if (!known && set.size !== undefined && set.elements.length >= set.size) return `set ${set.name} is full`;
  return undefined;
}

/** The key as nft prints it. */
function keyIn(table: TableDraft): (element: SetElement) => string {
  const ctx = { family: table.family, chains: table.chains, stateful: false };
  return ({ key }) => printElement({ key }, ctx, ['set']);
}
