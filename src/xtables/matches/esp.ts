/** esp_mt(), net/netfilter/xt_esp.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { u32, withUpper } from '../packet.ts';
import { formatRange } from '../values/number.ts';
import { type SpiInfo, spi, spiHolds, spiTest } from '../values/spi.ts';

export const esp = lazily(() =>
  defineMatch({
    name: 'esp',
    support: DECIDED,
    protocols: [50],
    options: { espspi: { value: spi, invert: true } },
    listing: () => listing(/esp/, [[/spis?:(?<n>!)?(?<v>\S+)/, 'espspi']]),
    build(args): SpiInfo {
      const test = spiTest(args.espspi);
      return test ? { spi: test } : {};
    },
    print: ({ spi }) => (spi ? [option('espspi', spi.invert, formatRange(spi))] : []),
    match: ({ spi }, ctx) => withUpper(ctx, 8, (at) => spiHolds(spi, u32(ctx.skb.bytes, at))),
  }),
);
