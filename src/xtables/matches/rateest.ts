/** xt_rateest_mt(), net/netfilter/xt_rateest.c: compares what the RATEEST target measured. */

import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { wordTable } from '../../base/word-table.ts';
import { defineMatch, type Refusal, refuse, undecided, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { flag, readNumber } from '../values/number.ts';
import { name } from '../values/text.ts';

const MAX_U32 = 0xffffffff;
const OPERATORS = ['lt', 'gt', 'eq'] as const;
const UNITS = wordTable<number>({
  '': 1,
  bit: 1,
  k: 1e3,
  kbit: 1e3,
  m: 1e6,
  mbit: 1e6,
  g: 1e9,
  gbit: 1e9,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
});

interface RateestInfo {
  readonly first: string;
  /** Compared with a second estimator, else with a fixed rate. */
  readonly second?: string;
  readonly delta: boolean;
  readonly invert: boolean;
  readonly operator: (typeof OPERATORS)[number];
  readonly unit: 'bps' | 'pps';
  /** Bytes or packets a second; the first is taken off the first estimator with --rateest-delta. */
  readonly rates: readonly [number, number];
}

const estimator = name(15, "an estimator's name");

/** Bits a second, kept as bytes; none when only the unit is meant. */
const bits: Value<number> = {
  words: 'optional',
  expected: 'a rate such as 10mbit',
  read([text]) {
    if (text === undefined) return 0;
    const found = /^(\d+)([a-z]*)$/i.exec(text);
    const unit = found ? UNITS[(found[2] ?? '').toLowerCase()] : undefined;
    const bytes = found && unit !== undefined ? Math.floor((Number(found[1]) * unit) / 8) : Number.NaN;
    return bytes <= MAX_U32 ? bytes : undefined;
  },
};

const packets: Value<number> = {
  words: 'optional',
  expected: 'a number of packets a second',
  read: ([text]) => (text === undefined ? 0 : readNumber(text, MAX_U32)),
};

export const rateest = lazily(() =>
  defineMatch({
    name: 'rateest',
    support: undecided('the estimator measures at moments of its own'),
    options: {
      rateest1: { value: estimator, aliases: ['rateest'] },
      rateest2: { value: estimator },
      'rateest-delta': { value: flag },
      'rateest-bps1': { value: bits, aliases: ['rateest-bps'], excludes: ['rateest-pps1', 'rateest-pps2'] },
      'rateest-bps2': { value: bits, excludes: ['rateest-pps1', 'rateest-pps2'] },
      'rateest-pps1': { value: packets, aliases: ['rateest-pps'] },
      'rateest-pps2': { value: packets },
      'rateest-lt': { value: flag, invert: true, excludes: ['rateest-gt', 'rateest-eq'] },
      'rateest-gt': { value: flag, invert: true, excludes: ['rateest-eq'] },
      'rateest-eq': { value: flag, invert: true },
    },
    oneOf: [
      ['rateest1'],
      ['rateest-lt', 'rateest-gt', 'rateest-eq'],
      ['rateest-bps1', 'rateest-bps2', 'rateest-pps1', 'rateest-pps2'],
    ],
    listing: () =>
      listing(
        /rateest match \S+(?: \S+)?(?: delta)?(?: [bp]ps(?: (?!bps|pps|lt|gt|eq|!)\S+){0,2}){1,2}(?: !)? (?:lt|gt|eq)(?: (?:bps|pps))?(?: \d\S*)?/,
        [],
        { lost: 'which of its rates stands on which side' },
      ),
    build(args): RateestInfo | Refusal {
      const operator = OPERATORS.find((each) => args[`rateest-${each}`]);
      if (!operator || !args.rateest1)
        return refuse('--rateest and one of --rateest-lt, -gt, -eq must be given');
      const unit = (args['rateest-bps1'] ?? args['rateest-bps2']) ? 'bps' : 'pps';
      return {
        first: args.rateest1.value,
        ...(args.rateest2 ? { second: args.rateest2.value } : {}),
        delta: args['rateest-delta'] !== undefined,
        invert: args[`rateest-${operator}`]?.invert ?? false,
        operator,
        unit,
        rates: [args[`rateest-${unit}1`]?.value ?? 0, args[`rateest-${unit}2`]?.value ?? 0],
      };
    },
    print(info: RateestInfo) {
      const rate = (value: number): string => (info.unit === 'bps' ? formatBits(value * 8) : String(value));
      const [first, second] = info.rates;
      return [
        ...(info.delta ? ['--rateest-delta'] : []),
        `--rateest${info.second === undefined ? '' : '1'} ${bare(info.first)}`,
        ...(info.delta ? [`--rateest-${info.unit}1 ${rate(first)}`] : []),
        `${info.invert ? '! ' : ''}--rateest-${info.operator}`,
        info.delta
          ? `--rateest-${info.unit}2 ${rate(second)}`
          : `--rateest-${info.unit}${info.second === undefined ? ` ${rate(first)}` : ''}`,
        ...(info.second === undefined ? [] : [`--rateest2 ${bare(info.second)}`]),
      ];
    },
    match: () => unknown("the estimator's rate at that moment"),
  }),
);

function formatBits(bits: number): string {
  if (bits >= 1e9) return `${Math.round(bits / 1e6)}Mbit`;
  return bits >= 1e6 ? `${Math.round(bits / 1e3)}Kbit` : `${bits}bit`;
}
