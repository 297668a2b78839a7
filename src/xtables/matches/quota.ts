/** quota_mt(), net/netfilter/xt_quota.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { ruleState } from '../state.ts';
import { bigNumber } from '../values/number.ts';

interface QuotaInfo {
  readonly invert: boolean;
  readonly bytes: bigint;
}

export const quota = lazily(() =>
  defineMatch({
    name: 'quota',
    support: DECIDED,
    options: { quota: { value: bigNumber(2n ** 64n - 1n), invert: true, required: true } },
    listing: () => listing([/quota: (?<v>\d+) bytes/, 'quota'], [], { lost: 'whether it is inverted' }),
    build: ({ quota }): QuotaInfo => ({ invert: quota.invert, bytes: quota.value }),
    print: (info) => [option('quota', info.invert, info.bytes)],
    /** The first packet that doesn't fit uses the rest up. */
    match(info, ctx) {
      if (ctx.state.earlier && info.bytes > 0n) {
        return unknown('how much of the quota was used before the first packet seen');
      }
      const left = ruleState(ctx, info, () => ({ bytes: info.bytes }));
      const size = BigInt(ctx.skb.length);
      const fits = left.bytes >= size;
      left.bytes = fits ? left.bytes - size : 0n;
      return fits !== info.invert;
    },
  }),
);
