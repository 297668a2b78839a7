/** Stateful objects of a table. */
import type { Span } from '../../base/span.ts';
import { protocolNumber } from '../../xtables/names/protocols.ts';
import type { NftObject } from '../object.ts';
import { finishObject, OBJECT_KINDS, type ObjectDraft } from '../text/object.ts';
import { counterOf, limitOf, quotaOf } from './stateful.ts';
import { synproxyOf } from './statement.ts';
import { isObject, type JsonObject, numberOf, textOf } from './value.ts';

export function objectOf(word: string, object: JsonObject, span: Span): NftObject | undefined {
  const kind = OBJECT_KINDS.find((each) => each === word);
  if (!kind) return undefined;
  const draft: ObjectDraft = {};
  const [comment, handle, size] = [
    textOf(object, 'comment'),
    numberOf(object, 'handle'),
    numberOf(object, 'size'),
  ];
  const [port, timeout, protocol] = [
    numberOf(object, 'dport'),
    numberOf(object, 'timeout'),
    textOf(object, 'protocol'),
  ];
  const text = textOf(object, kind === 'secmark' ? 'context' : 'type');
  const l3proto = textOf(object, 'l3proto');
  if (comment !== undefined) draft.comment = comment;
  if (handle !== undefined) draft.handle = handle;
  if (size !== undefined) draft.size = size;
  if (port !== undefined) draft.port = port;
  if (timeout !== undefined) draft.timeout = timeout;
  if (text !== undefined) draft.text = text;
  if (protocol !== undefined) draft.protocol = protocolNumber(protocol) ?? (Number(protocol) || 0);
  if (l3proto === 'ip' || l3proto === 'ip6' || l3proto === 'inet') draft.l3proto = l3proto;
  if (isObject(object.policy)) {
    const entries = Object.entries(object.policy).filter(([, value]) => typeof value === 'number');
    draft.policy = Object.fromEntries(entries) as Record<string, number>;
  }
  const statement =
    kind === 'counter'
      ? counterOf(object)
      : kind === 'quota'
        ? quotaOf(object)
        : kind === 'limit'
          ? limitOf(object)
          : kind === 'synproxy'
            ? { kind: 'synproxy' as const, ...synproxyOf(object) }
            : undefined;
  if (statement) draft.statement = statement;
  return finishObject(kind, textOf(object, 'name') ?? '', draft, span);
}
