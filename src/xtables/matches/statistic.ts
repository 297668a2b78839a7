/** statistic_mt(), net/netfilter/xt_statistic.c */
import { lazily, once } from '../../base/memo.ts';
import { type Ternary, unknown } from '../../base/ternary.ts';
import { decidedExcept, defineMatch, option, refuse, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { ruleState } from '../state.ts';
import { number } from '../values/number.ts';
import { oneOf } from '../values/text.ts';

const MAX_U32 = 0xffffffff;
/** Probabilities are in 1/2^31. */
const SCALE = 0x80000000;

type StatisticInfo =
  | { readonly mode: 'random'; readonly invert: boolean; readonly probability: number }
  | { readonly mode: 'nth'; readonly invert: boolean; readonly every: number; readonly packet: number };

const probability: Value<number> = {
  words: 1,
  expected: 'a number 0..1',
  read([text = '']) {
    const value = /^\d*\.?\d+(e-?\d+)?$|^\d+\.$/i.test(text) ? Number(text) : Number.NaN;
    return value >= 0 && value <= 1 ? Math.round(value * SCALE) : undefined;
  },
};

export const statistic = lazily(() =>
  defineMatch({
    name: 'statistic',
    support: decidedExcept('--mode random: the kernel draws'),
    options: {
      mode: { value: oneOf({ random: 'random', nth: 'nth' } as const), required: true },
      probability: { value: probability, invert: true, excludes: ['every', 'packet'] },
      every: { value: number(MAX_U32, 1), invert: true, needs: ['packet'] },
      packet: { value: number(MAX_U32), needs: ['every'] },
    },
    listing: () =>
      listing(
        [/statistic mode (?<v>\S+)/, 'mode'],
        [
          [/(?<n>! ?)?probability (?<v>\S+)/, 'probability'],
          [/(?<n>! ?)?every (?<v>\d+)/, 'every'],
          [/packet (?<v>\d+)/, 'packet'],
        ],
        {
          // The packet counted first isn't printed when it is the first.
          finish: (options) =>
            options.some(({ name }) => name === 'every') && !options.some(({ name }) => name === 'packet')
              ? [...options, listedOption('packet', '0')]
              : options,
        },
      ),
    build({ mode, probability, every, packet }): StatisticInfo | { readonly refuse: string } {
      if (mode.value === 'random') {
        if (!probability) return refuse('--mode random needs --probability');
        return { mode: 'random', invert: probability.invert, probability: probability.value };
      }
      if (!every || !packet) return refuse('--mode nth needs --every and --packet');
      if (packet.value >= every.value) return refuse(`--packet must be below --every (${every.value})`);
      return { mode: 'nth', invert: every.invert, every: every.value, packet: packet.value };
    },
    print(info: StatisticInfo) {
      return info.mode === 'random'
        ? ['--mode random', option('probability', info.invert, (info.probability / SCALE).toFixed(11))]
        : ['--mode nth', option('every', info.invert, info.every), `--packet ${info.packet}`];
    },
    always: (info: StatisticInfo) => (info.mode === 'random' ? byChance(info) : undefined),
    match(info: StatisticInfo, ctx) {
      if (info.mode === 'random') return byChance(info);
      if (ctx.state.earlier && info.every > 1) {
        return unknown(
          `how many packets reached this rule before the first one seen (one in ${info.every} matches)`,
        );
      }
      const counter = ruleState(ctx, info, () => ({ packets: 0 }));
      return (counter.packets++ % info.every === info.packet) !== info.invert;
    },
  }),
);

const byChance = once(({ probability, invert }: Extract<StatisticInfo, { mode: 'random' }>): Ternary => {
  if (probability === 0) return invert;
  if (probability === SCALE) return !invert;
  return unknown(`the kernel's random choice (probability ${(probability / SCALE).toFixed(3)})`);
});
