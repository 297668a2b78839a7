/** tos_mt(), net/netfilter/xt_dscp.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { tosOf, unsaidHeader } from '../packet.ts';
import { formatTos, type Masked, tos as tosValue } from '../values/tos.ts';

export interface TosInfo extends Masked {
  readonly invert: boolean;
}

export const tos = lazily(() =>
  defineMatch({
    name: 'tos',
    support: DECIDED,
    options: { tos: { value: tosValue, invert: true, required: true } },
    listing: () => listing([/tos match ?(?<n>!)?(?<v>\S+)/, 'tos']),
    build: ({ tos }): TosInfo => ({ invert: tos.invert, ...tos.value }),
    print: (info) => [option('tos', info.invert, formatTos(info))],
    match: (info, { skb }) => unsaidHeader(skb) ?? ((tosOf(skb) & info.mask) === info.value) !== info.invert,
  }),
);
