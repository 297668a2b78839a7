/** mh_mt6(), net/ipv6/netfilter/ip6t_mh.c: mobility header types, RFC 6275 section 6.1. */
import { lazily } from '../../base/memo.ts';
import { wordTable } from '../../base/word-table.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { hotdrop, u8, upperOrDrop } from '../packet.ts';
import { formatRange, type Range, readRange } from '../values/number.ts';
import { inRange } from '../values/port.ts';

const NAMES = wordTable<number>({
  'binding-refresh-request': 0,
  brr: 0,
  'home-test-init': 1,
  hoti: 1,
  'careof-test-init': 2,
  coti: 2,
  'home-test': 3,
  hot: 3,
  'careof-test': 4,
  cot: 4,
  'binding-update': 5,
  bu: 5,
  'binding-acknowledgement': 6,
  ba: 6,
  'binding-error': 7,
  be: 7,
});
const TYPE = [...Object.keys(NAMES), '\\d+'].join('|');
const NO_PAYLOAD = 59;

interface MhInfo {
  readonly types?: Range & { readonly invert: boolean };
}

const types: Value<Range> = {
  words: 1,
  expected: `a type 0..255, a range low:high, or one of ${Object.keys(NAMES).join(', ')}`,
  read([text = '']) {
    const ends = text.split(':').map((word) => String(NAMES[word.toLowerCase()] ?? word));
    return readRange(ends.join(':'), 255, ':');
  },
};

export const mh = lazily(() =>
  defineMatch({
    name: 'mh',
    support: DECIDED,
    aliases: ['ipv6-mh'],
    families: [6],
    protocols: [135],
    options: { 'mh-type': { value: types, invert: true } },
    listing: () => listing(/mh/, [[new RegExp(`(?<n>!)?(?<v>(?:${TYPE})(?::(?:${TYPE}))?)`), 'mh-type']]),
    build(args): MhInfo {
      const arg = args['mh-type'];
      if (!arg || (!arg.invert && arg.value.min === 0 && arg.value.max === 255)) return {};
      return { types: { invert: arg.invert, ...arg.value } };
    },
    print: ({ types }) => (types ? [option('mh-type', types.invert, formatRange(types))] : []),
    match({ types }, ctx) {
      const at = upperOrDrop(ctx, 6);
      if (typeof at !== 'number') return at;
      if (u8(ctx.skb.bytes, at) !== NO_PAYLOAD) return hotdrop(ctx);
      return types === undefined || inRange(u8(ctx.skb.bytes, at + 2), types) !== types.invert;
    },
  }),
);
