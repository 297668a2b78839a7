/** comp_mt(), net/netfilter/xt_ipcomp.c: it compares the CPI alone, whatever --compres asks for. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { u16, withUpper } from '../packet.ts';
import { flag, formatRange } from '../values/number.ts';
import { type SpiInfo, spi, spiHolds, spiTest } from '../values/spi.ts';

interface IpcompInfo extends SpiInfo {
  readonly reserved: boolean;
}

export const ipcomp = lazily(() =>
  defineMatch({
    name: 'ipcomp',
    support: DECIDED,
    protocols: [108],
    options: { ipcompspi: { value: spi, invert: true }, compres: { value: flag } },
    listing: () =>
      listing(/comp/, [
        [/spis?:(?<n>!)?(?<v>\S+)/, 'ipcompspi'],
        [/reserved/, 'compres'],
      ]),
    build(args): IpcompInfo {
      const test = spiTest(args.ipcompspi);
      return { ...(test ? { spi: test } : {}), reserved: args.compres !== undefined };
    },
    print: ({ spi, reserved }) => [
      ...(spi ? [option('ipcompspi', spi.invert, formatRange(spi))] : []),
      ...(reserved ? ['--compres'] : []),
    ],
    match: ({ spi }, ctx) => withUpper(ctx, 4, (at) => spiHolds(spi, u16(ctx.skb.bytes, at + 2))),
  }),
);
