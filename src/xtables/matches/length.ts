/** length_mt(), length_mt6(), net/netfilter/xt_length.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { formatRange, type Range, range } from '../values/number.ts';
import { inRange } from '../values/port.ts';

export interface LengthInfo extends Range {
  readonly invert: boolean;
}

export const length = lazily(() =>
  defineMatch({
    name: 'length',
    support: DECIDED,
    options: { length: { value: range(65535), invert: true, required: true } },
    listing: () => listing([/length (?<n>!)?(?<v>\S+)/, 'length']),
    build: ({ length }): LengthInfo => ({ invert: length.invert, ...length.value }),
    print: (info) => [option('length', info.invert, formatRange(info))],
    match: (info, { skb }) => inRange(skb.length, info) !== info.invert,
  }),
);
