/** SPI matches of IPsec headers: esp_mt(), net/netfilter/xt_esp.c; ah_mt(), net/ipv4/netfilter/ipt_ah.c; comp_mt(), xt_ipcomp.c */
import { type Arg, defineMatch, option } from '../extension.ts';
import { u8, u16, u32, withUpper } from '../packet.ts';
import { flag, formatRange, type Range, range } from '../values/number.ts';
import { inRange } from '../values/port.ts';

const MAX_U32 = 0xffffffff;
const spi = range(MAX_U32);

export interface SpiTest extends Range {
  readonly invert: boolean;
}

interface SpiInfo {
  readonly spi?: SpiTest;
}

/** All values, not inverted, is no condition. */
export function spiTest(arg: Arg<Range> | undefined): SpiTest | undefined {
  if (!arg || (!arg.invert && arg.value.min === 0 && arg.value.max === MAX_U32)) return undefined;
  return { invert: arg.invert, ...arg.value };
}

export function spiHolds(test: SpiTest | undefined, value: number): boolean {
  return test === undefined || inRange(value, test) !== test.invert;
}

export const esp = defineMatch({
  name: 'esp',
  protocols: [50],
  options: { espspi: { value: spi, invert: true } },
  build(args): SpiInfo {
    const test = spiTest(args.espspi);
    return test ? { spi: test } : {};
  },
  print: ({ spi }) => (spi ? [option('espspi', spi.invert, formatRange(spi))] : []),
  match: ({ spi }, ctx) => withUpper(ctx, 8, (at) => spiHolds(spi, u32(ctx.skb.bytes, at))),
});

export const ah = defineMatch({
  name: 'ah',
  families: [4],
  protocols: [51],
  options: { ahspi: { value: spi, invert: true } },
  build(args): SpiInfo {
    const test = spiTest(args.ahspi);
    return test ? { spi: test } : {};
  },
  print: ({ spi }) => (spi ? [option('ahspi', spi.invert, formatRange(spi))] : []),
  match: ({ spi }, ctx) => withUpper(ctx, 12, (at) => spiHolds(spi, u32(ctx.skb.bytes, at + 4))),
});

interface IpcompInfo extends SpiInfo {
  readonly reserved: boolean;
}

export const ipcomp = defineMatch({
  name: 'ipcomp',
  protocols: [108],
  options: { ipcompspi: { value: spi, invert: true }, compres: { value: flag } },
  build(args): IpcompInfo {
    const test = spiTest(args.ipcompspi);
    return { ...(test ? { spi: test } : {}), reserved: args.compres !== undefined };
  },
  print: ({ spi, reserved }) => [
    ...(spi ? [option('ipcompspi', spi.invert, formatRange(spi))] : []),
    ...(reserved ? ['--compres'] : []),
  ],
  match: ({ spi, reserved }, ctx) =>
    withUpper(ctx, 4, (at) => {
      const { bytes } = ctx.skb;
      return spiHolds(spi, u16(bytes, at + 2)) && (!reserved || u8(bytes, at + 1) === 0);
    }),
});
