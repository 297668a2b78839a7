/** tcpmss_mt(), net/netfilter/xt_tcpmss.c */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { blindHeader, hotdrop, u8, u16 } from '../packet.ts';
import { formatRange, type Range, range } from '../values/number.ts';
import { inRange } from '../values/port.ts';

const MSS = 2;
const MSS_LENGTH = 4;

interface TcpmssInfo extends Range {
  readonly invert: boolean;
}

export const tcpmss = lazily(() =>
  defineMatch({
    name: 'tcpmss',
    support: DECIDED,
    protocols: [6],
    options: { mss: { value: range(65535), invert: true, required: true } },
    listing: () => listing([/tcpmss match (?<n>! ?)?(?<v>\S+)/, 'mss']),
    build: ({ mss }): TcpmssInfo => ({ invert: mss.invert, ...mss.value }),
    print: (info) => [option('mss', info.invert, formatRange(info))],
    match: matchMss,
  }),
);

/** Later fragments are read as if they began with a header. A packet without the option matches the inverted form (seen on 6.18 with both backends). */
function matchMss(info: TcpmssInfo, ctx: MatchContext): Ternary {
  const at = blindHeader(ctx, 20);
  if (at === 'short') return hotdrop(ctx);
  if (typeof at !== 'number') return at;
  const { bytes } = ctx.skb;
  const length = (u8(bytes, at + 12) >> 4) * 4;
  if (length < 20) return hotdrop(ctx);
  const whole = blindHeader(ctx, length);
  if (whole === 'short') return hotdrop(ctx);
  if (typeof whole !== 'number') return whole;
  for (let i = at + 20; i < at + length; ) {
    const kind = u8(bytes, i);
    if (kind === MSS && at + length - i >= MSS_LENGTH && u8(bytes, i + 1) === MSS_LENGTH) {
      return inRange(u16(bytes, i + 2), info) !== info.invert;
    }
    i += kind < 2 ? 1 : Math.max(1, u8(bytes, i + 1));
  }
  return info.invert;
}
