/** xt_rateest_tg(), net/netfilter/xt_RATEEST.c: measures, and goes on. */
import { lazily } from '../../base/memo.ts';
import { wordTable } from '../../base/word-table.ts';
import { DECIDED, defineTarget, refuse, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { name } from '../values/text.ts';

const UNITS = wordTable<number>({
  s: 1e6,
  sec: 1e6,
  secs: 1e6,
  ms: 1e3,
  msec: 1e3,
  msecs: 1e3,
  us: 1,
  usec: 1,
  usecs: 1,
  '': 1,
});
/** gen_estimator: intervals of 250 ms times a power of two, up to 8 s. */
const BASE = 250000;
const INTERVALS = [-2, -1, 0, 1, 2, 3];

interface RateestInfo {
  readonly estimator: string;
  /** Microseconds, as given and rounded to what the kernel can keep. */
  readonly interval: number;
  readonly average: number;
}

const duration: Value<number> = {
  words: 1,
  expected: 'a time such as 250ms or 1s',
  read([text = '']) {
    const found = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
    const unit = found ? UNITS[(found[2] ?? '').toLowerCase()] : undefined;
    return found && unit !== undefined ? Math.round(Number(found[1]) * unit) : undefined;
  },
};

function format(microseconds: number): string {
  if (microseconds >= 1e6) return `${(microseconds / 1e6).toFixed(1)}s`;
  return microseconds >= 1e3 ? `${(microseconds / 1e3).toFixed(1)}ms` : `${microseconds}us`;
}

export const RATEEST = lazily(() =>
  defineTarget({
    name: 'RATEEST',
    support: DECIDED,
    options: {
      'rateest-name': { value: name(15, "an estimator's name"), required: true },
      'rateest-interval': { value: duration, required: true },
      'rateest-ewmalog': { value: duration, required: true },
    },
    listing: () =>
      listing(
        [/name (?<v>\S+)/, 'rateest-name'],
        [
          [/interval (?<v>\S+)/, 'rateest-interval'],
          [/ewmalog (?<v>\S+)/, 'rateest-ewmalog'],
        ],
      ),
    build(args) {
      const interval = INTERVALS.map((exponent) => BASE * 2 ** (exponent + 2)).find(
        (each) => args['rateest-interval'].value <= each,
      );
      if (interval === undefined) return refuse('--rateest-interval is longer than 8s');
      const average = args['rateest-ewmalog'].value;
      if (average === 0) return refuse('--rateest-ewmalog is out of range');
      const info: RateestInfo = { estimator: args['rateest-name'].value, interval, average };
      return info;
    },
    print: (info: RateestInfo) => [
      `--rateest-name ${bare(info.estimator)}`,
      `--rateest-interval ${format(info.interval)}`,
      `--rateest-ewmalog ${format(info.average)}`,
    ],
    apply: () => ({ kind: 'continue' }),
  }),
);
