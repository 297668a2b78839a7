/** limit_mt(), net/netfilter/xt_limit.c, and nft_limit_eval(), net/netfilter/nft_limit.c: a token bucket by packet time. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch } from '../extension.ts';
import { listing } from '../listing.ts';
import { elapsed, ruleState } from '../state.ts';
import { number } from '../values/number.ts';
import { formatRate, RATE_SCALE, rate, unitSeconds } from '../values/rate.ts';

interface LimitInfo {
  /** Time a packet costs, in ten-thousandths of a second. */
  readonly cost: number;
  readonly burst: number;
}

interface Bucket {
  credit: number;
  last: number;
}

const DEFAULT_BURST = 5;
/** HZ times CREDITS_PER_JIFFY; the same for HZ 250 and 1000. */
const CREDITS_PER_SECOND = 32000;

export const limit = lazily(() =>
  defineMatch({
    name: 'limit',
    support: DECIDED,
    options: {
      limit: { value: rate },
      'limit-burst': { value: number(10000) },
    },
    listing: () => listing([/limit: avg (?<v>\S+)/, 'limit'], [[/burst (?<v>\d+)/, 'limit-burst']]),
    build: (args): LimitInfo => ({
      cost: args.limit?.value ?? (3600 * RATE_SCALE) / 3,
      burst: args['limit-burst']?.value || DEFAULT_BURST,
    }),
    print: (info) => [
      `--limit ${formatRate(info.cost)}`,
      ...(info.burst === DEFAULT_BURST ? [] : [`--limit-burst ${info.burst}`]),
    ],
    match(info, ctx) {
      const legacy = ctx.backend === 'legacy';
      const perSecond = legacy ? CREDITS_PER_SECOND : 1e9;
      const cost = legacy ? credits(info.cost) : nanoseconds(info.cost);
      const cap = legacy ? credits((info.cost * info.burst) >>> 0) : cost * info.burst;
      const bucket = ruleState(ctx, info, (): Bucket => ({ credit: cap, last: ctx.skb.time }));
      // xt_limit counts jiffies, nft_limit nanoseconds.
      const passed = legacy
        ? elapsed(ctx, bucket.last, ctx.skb.time)
        : Math.max(0, ctx.skb.time - bucket.last);
      bucket.credit = Math.min(cap, bucket.credit + Math.floor(passed * perSecond + 1e-3));
      bucket.last = Math.max(bucket.last, ctx.skb.time);
      if (bucket.credit < cost) return false;
      bucket.credit -= cost;
      return true;
    },
  }),
);

/** The nft backend says the rate as a whole number a unit of time, as it prints it. */
function nanoseconds(cost: number): number {
  const [count = '1', unit = 'sec'] = formatRate(cost).split('/');
  return Math.floor(((unitSeconds(unit) ?? 1) * 1e9) / Number(count));
}

/** user2credits(), in 32 bits as the kernel computes: it overflows for slow rates with large bursts. */
function credits(cost: number): number {
  return cost > 0xffffffff / CREDITS_PER_SECOND
    ? (Math.floor(cost / RATE_SCALE) * CREDITS_PER_SECOND) % 2 ** 32
    : Math.floor((cost * CREDITS_PER_SECOND) / RATE_SCALE) % 2 ** 32;
}
