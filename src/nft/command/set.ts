/** `nft add|create|delete|destroy|flush set|map [FAMILY] TABLE NAME [{ type … }]`: nf_tables_newset(), nf_tables_delset(). */
import { peekWord, skipSymbol } from '../text/cursor.ts';
import { draftSet, finishSet, setLine } from '../text/set.ts';
import { block, scopeOf } from '../text/table.ts';
import { listener } from './listener.ts';
import { setsIn } from './references.ts';
import type { Change } from './run.ts';

export function changeSet({ verb, cursor, table, path }: Change): string | undefined {
  const name = peekWord(cursor) ?? '';
  cursor.at++;
  const known = table.sets.get(name);
  const missing = `table ${table.family} ${table.name} has no set ${name.slice(0, 60)}`;
  switch (verb) {
    case 'add':
    case 'create': {
      if (known) return verb === 'create' ? `there is a set ${name} already` : skipBody();
      if (!skipSymbol(cursor, '{')) return 'a set needs its type: `{ type ipv4_addr; }`';
      const heard = listener();
      const scope = scopeOf(path, table, heard.complain);
      const draft = draftSet(name, { path, line: 1 });
      block(cursor, heard.complain, () => setLine(cursor, scope, draft));
      if (draft.key.length === 0) return heard.first() ?? 'a set needs its type: `{ type ipv4_addr; }`';
      table.sets.set(name, finishSet(draft));
      return heard.first();
    }
    case 'delete':
    case 'destroy':
      if (!known) return verb === 'destroy' ? undefined : missing;
      if (setsIn([...table.chains.values()]).has(name)) return `set ${name} is in use`;
      table.sets.delete(name);
      return undefined;
    case 'flush':
      if (!known) return missing;
      table.sets.set(name, { ...known, elements: [] });
      return undefined;
    default:
      return `\`nft ${verb} set\` is no command of nft`;
  }

  /** `add` of a set that is there changes nothing. */
  function skipBody(): undefined {
    if (skipSymbol(cursor, '{'))
      block(
        cursor,
        () => {},
        () => {},
      );
    return undefined;
  }
}
