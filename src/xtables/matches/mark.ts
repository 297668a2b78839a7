/** mark_mt(), net/netfilter/xt_mark.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { formatMasked, type Masked, masked, maskedEqual } from '../values/mark.ts';

export interface MarkInfo extends Masked {
  readonly invert: boolean;
}

export const mark = lazily(() =>
  defineMatch({
    name: 'mark',
    support: DECIDED,
    options: { mark: { value: masked(), invert: true, required: true } },
    listing: () => listing([/(?:mark|MARK) match (?<n>! ?)?(?<v>\S+)/, 'mark']),
    build: ({ mark }): MarkInfo => ({ invert: mark.invert, ...mark.value }),
    print: (info) => [option('mark', info.invert, formatMasked(info))],
    match: (info, { skb }) => maskedEqual(skb.mark, info) !== info.invert,
  }),
);
