/** secmark_tg(), net/netfilter/xt_SECMARK.c: labels for SELinux. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, untried } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { name } from '../values/text.ts';

interface SecmarkInfo {
  readonly context: string;
}

export const SECMARK = lazily(() =>
  defineTarget({
    name: 'SECMARK',
    support: untried('this kernel has no SELinux'),
    tables: ['mangle', 'security'],
    options: { selctx: { value: name(255, 'a security context'), required: true } },
    listing: () => listing([/SECMARK selctx (?<v>\S+)/, 'selctx']),
    build: ({ selctx }): SecmarkInfo => ({ context: selctx.value }),
    print: (info) => [`--selctx ${bare(info.context)}`],
    apply: () => ({ kind: 'continue' }),
  }),
);
