/** `nft add|create|delete|destroy counter|quota|limit|ct helper … [FAMILY] TABLE NAME [{ … }]`: nf_tables_newobj(), nf_tables_delobj(). */
import type { NftObject } from '../object.ts';
import { atEnd, peekWord, skipSymbol } from '../text/cursor.ts';
import { finishObject, type ObjectDraft, objectLine } from '../text/object.ts';
import { block } from '../text/table.ts';
import { listener } from './listener.ts';
import type { Change } from './run.ts';

export function changeObject(
  { verb, cursor, table, path }: Change,
  kind: NftObject['kind'],
): string | undefined {
  const name = peekWord(cursor) ?? '';
  cursor.at++;
  const index = table.objects.findIndex((object) => object.kind === kind && object.name === name);
  if (verb === 'delete' || verb === 'destroy') {
    if (index < 0)
      return verb === 'destroy' ? undefined : `table ${table.family} ${table.name} has no ${kind} ${name}`;
    table.objects.splice(index, 1);
    return undefined;
  }
  if (verb !== 'add' && verb !== 'create') return `\`nft ${verb} ${kind}\` is no command of nft`;
  const heard = listener();
  const draft: ObjectDraft = {};
  if (skipSymbol(cursor, '{')) block(cursor, heard.complain, () => objectLine(cursor, kind, draft));
  else if (!atEnd(cursor)) objectLine(cursor, kind, draft);
  const object = finishObject(kind, name, draft, { path, line: 1 });
  if (!object) return heard.first() ?? `${kind} ${name} needs what it holds`;
  if (index < 0) table.objects.push(object);
  else if (verb === 'create') return `there is a ${kind} ${name} already`;
  return heard.first();
}
