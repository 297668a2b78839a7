/** connmark_mt(), net/netfilter/xt_connmark.c: false without a connection, inverted or not. */
import { lazily } from '../../base/memo.ts';
import { connectionOf } from '../../skb/nfct.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { formatMasked, type Masked, masked, maskedEqual } from '../values/mark.ts';

export interface ConnmarkInfo extends Masked {
  readonly invert: boolean;
}

export const connmark = lazily(() =>
  defineMatch({
    name: 'connmark',
    support: DECIDED,
    conntrack: true,
    options: { mark: { value: masked(), invert: true, required: true } },
    listing: () => listing([/(?:connmark|CONNMARK) match (?<n>! ?)?(?<v>\S+)/, 'mark']),
    build: ({ mark }): ConnmarkInfo => ({ invert: mark.invert, ...mark.value }),
    print: (info) => [option('mark', info.invert, formatMasked(info))],
    match(info, { skb }) {
      const entry = connectionOf(skb.conntrack);
      return entry !== undefined && maskedEqual(entry.mark, info) !== info.invert;
    },
  }),
);
