/** ah_mt(), net/ipv4/netfilter/ipt_ah.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { u32, withUpper } from '../packet.ts';
import { formatRange } from '../values/number.ts';
import { type SpiInfo, spi, spiHolds, spiTest } from '../values/spi.ts';

export const ah = lazily(() =>
  defineMatch({
    name: 'ah',
    support: DECIDED,
    families: [4],
    protocols: [51],
    options: { ahspi: { value: spi, invert: true } },
    listing: () => listing(/ah/, [[/spis?:(?<n>!)?(?<v>\S+)/, 'ahspi']]),
    build(args): SpiInfo {
      const test = spiTest(args.ahspi);
      return test ? { spi: test } : {};
    },
    print: ({ spi }) => (spi ? [option('ahspi', spi.invert, formatRange(spi))] : []),
    match: ({ spi }, ctx) => withUpper(ctx, 12, (at) => spiHolds(spi, u32(ctx.skb.bytes, at + 4))),
  }),
);
