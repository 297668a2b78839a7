/** ah_mt6(), net/ipv6/netfilter/ip6t_ah.c: an Authentication Header anywhere in the chain. */
import { isUnknown } from '../../base/ternary.ts';
import { defineMatch, option } from '../extension.ts';
import { u16, u32 } from '../packet.ts';
import { flag, formatRange, number, range } from '../values/number.ts';
import { type SpiTest, spiHolds, spiTest } from './esp.ts';
import { findHeader } from './exthdr.ts';

const AH = 51;
const MAX_U32 = 0xffffffff;

interface Ah6Info {
  readonly spi?: SpiTest;
  readonly length?: { readonly invert: boolean; readonly value: number };
  readonly reserved: boolean;
}

export const ah6 = defineMatch({
  name: 'ah',
  families: [6],
  options: {
    ahspi: { value: range(MAX_U32), invert: true },
    ahlen: { value: number(MAX_U32), invert: true },
    ahres: { value: flag },
  },
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
    const header = findHeader(ctx, AH);
    if (header === undefined || isUnknown(header)) return header ?? false;
    const { bytes } = ctx.skb;
    if (!spiHolds(info.spi, u32(bytes, header.offset + 4))) return false;
    if (info.length && (header.length === info.length.value) === info.length.invert) return false;
    return !info.reserved || u16(bytes, header.offset + 2) === 0;
  },
});
