/** audit_tg(), net/netfilter/xt_AUDIT.c: writes to the audit log and goes on. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { oneOf } from '../values/text.ts';

interface AuditInfo {
  readonly type: 'accept' | 'drop' | 'reject';
}

export const AUDIT = lazily(() =>
  defineTarget({
    name: 'AUDIT',
    support: DECIDED,
    options: {
      type: { value: oneOf({ accept: 'accept', drop: 'drop', reject: 'reject' } as const), required: true },
    },
    listing: () => listing([/AUDIT (?<v>\S+)/, 'type']),
    build: ({ type }): AuditInfo => ({ type: type.value }),
    print: (info) => [`--type ${info.type}`],
    apply: () => ({ kind: 'continue' }),
  }),
);
