/** ah_mt6(), net/ipv6/netfilter/ip6t_ah.c: an Authentication Header anywhere in the chain. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { u8, u16, u32 } from '../packet.ts';
import { flag, formatRange, number, range } from '../values/number.ts';
import { type SpiTest, spiHolds, spiTest } from '../values/spi.ts';
import { extensionHeader, wholeHeader } from './exthdr.ts';

const AH = 51;
const MAX_U32 = 0xffffffff;

interface Ah6Info {
  readonly spi?: SpiTest;
  readonly length?: { readonly invert: boolean; readonly value: number };
  readonly reserved: boolean;
}

export const ah6 = lazily(() =>
  defineMatch({
    name: 'ah',
    support: DECIDED,
    families: [6],
    options: {
      ahspi: { value: range(MAX_U32), invert: true },
      ahlen: { value: number(MAX_U32), invert: true },
      ahres: { value: flag },
    },
    listing: () =>
      listing(/ah/, [
        // The SPIs and the length stand together without a blank.
        [
          /spis?:(?<n>!)?(?<v>[\d:]+)(?:length:(?<not>!)?(?<length>\d+))?/,
          ({ n, v, not, length }) => [
            listedOption('ahspi', v, n !== undefined),
            ...(length === undefined ? [] : [listedOption('ahlen', length, not !== undefined)]),
          ],
        ],
        [/length:(?<n>!)?(?<v>\d+)/, 'ahlen'],
        [/reserved/, 'ahres'],
      ]),
    build(args): Ah6Info {
      const spi = spiTest(args.ahspi);
      const { ahlen } = args;
      return {
        ...(spi ? { spi } : {}),
        ...(ahlen ? { length: { invert: ahlen.invert, value: ahlen.value } } : {}),
        reserved: args.ahres !== undefined,
      };
    },
    print: (info) => [
      ...(info.spi ? [option('ahspi', info.spi.invert, formatRange(info.spi))] : []),
      ...(info.length ? [option('ahlen', info.length.invert, info.length.value)] : []),
      ...(info.reserved ? ['--ahres'] : []),
    ],
    match(info, ctx) {
      const found = extensionHeader(ctx, AH, 12);
      if (typeof found !== 'number') return found;
      const { bytes } = ctx.skb;
      const length = (u8(bytes, found + 1) + 2) * 4;
      const offset = wholeHeader(ctx, found, length);
      if (typeof offset !== 'number') return offset;
      if (!spiHolds(info.spi, u32(bytes, offset + 4))) return false;
      if (info.length && (length === info.length.value) === info.length.invert) return false;
      return !info.reserved || u16(bytes, offset + 2) === 0;
    },
  }),
);
