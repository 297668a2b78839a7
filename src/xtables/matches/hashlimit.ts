/** hashlimit_mt(), net/netfilter/xt_hashlimit.c: a token bucket for each combination of addresses and ports. */
import { lazily } from '../../base/memo.ts';
import type { Family } from '../../net/ip.ts';
import { DECIDED, defineMatch, refuse, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import {
  bytesToCost,
  costToBytes,
  formatByteRate,
  formatBytes,
  readByteRate,
  readBytes,
} from '../values/bytes-rate.ts';
import { flag, number, readNumber } from '../values/number.ts';
import { formatRate, readRate } from '../values/rate.ts';
import { name, setOf } from '../values/text.ts';
import { loadHashlimit, matchHashlimit } from './hashlimit-buckets.ts';

const MODES = ['srcip', 'srcport', 'dstip', 'dstport'] as const;
const MAX_U32 = 0xffffffff;
const MAX_BURST = 1000000;
/** XT_HASHLIMIT_SCALE_v2: packet costs are in millionths of a second. */
export const HASHLIMIT_SCALE = 1000000;
const GC_INTERVAL = 1000;
const BYTE_EXPIRE = 15000;
const BYTE_EXPIRE_BURST = 60000;

export interface HashlimitInfo {
  readonly above: boolean;
  /** Cost of a packet at HASHLIMIT_SCALE, or of 16 bytes (2^32-1 / units a second). */
  readonly cost: number;
  readonly bytes: boolean;
  /** Packets; for byte rates, seconds' worth above the first, 0 when not given. */
  readonly burst: number;
  readonly modes: readonly (typeof MODES)[number][];
  readonly name: string;
  readonly size?: number;
  readonly max?: number;
  readonly gcInterval: number;
  /** Milliseconds after which an unused entry is forgotten. */
  readonly expire: number;
  readonly sourceLength: number;
  readonly destinationLength: number;
  readonly rateMatch: boolean;
  readonly interval: number;
}

interface HashRate {
  readonly cost: number;
  readonly bytes: boolean;
}

const rate: Value<HashRate> = {
  words: 1,
  expected: 'a rate such as 10/sec, 5/minute, or in bytes, such as 512kb/s',
  read([text = '']) {
    const bytes = readByteRate(text);
    if (bytes !== undefined) return { cost: bytesToCost(bytes), bytes: true };
    const cost = readRate(text, HASHLIMIT_SCALE);
    return cost === undefined ? undefined : { cost, bytes: false };
  },
};

/** Packets as a plain number, bytes with or without a unit: which one, the rate decides. */
const burst: Value<{ readonly packets: number | undefined; readonly bytes: number | undefined }> = {
  words: 1,
  expected: `a number 1..${MAX_BURST}, or bytes such as 1mb for a rate in bytes`,
  read([text = '']) {
    const packets = readNumber(text, MAX_BURST);
    const bytes = readBytes(text);
    return packets === 0 || (packets === undefined && bytes === undefined) ? undefined : { packets, bytes };
  },
};

const bits = (family: Family): number => (family === 4 ? 32 : 128);
const LIMITS = ['hashlimit-upto', 'hashlimit-above'] as const;

export const hashlimit = lazily(() =>
  defineMatch({
    name: 'hashlimit',
    support: DECIDED,
    options: {
      'hashlimit-upto': { value: rate, invert: true, excludes: ['hashlimit-above'], aliases: ['hashlimit'] },
      'hashlimit-above': { value: rate, invert: true, excludes: ['hashlimit-upto'] },
      'hashlimit-burst': { value: burst },
      'hashlimit-mode': { value: setOf(MODES) },
      'hashlimit-name': { value: name(254, "a table's name"), required: true },
      'hashlimit-htable-size': { value: number(MAX_U32) },
      'hashlimit-htable-max': { value: number(MAX_U32) },
      'hashlimit-htable-gcinterval': { value: number(MAX_U32, 1) },
      'hashlimit-htable-expire': { value: number(MAX_U32, 1) },
      'hashlimit-srcmask': { value: number(128) },
      'hashlimit-dstmask': { value: number(128) },
      'hashlimit-rate-match': { value: flag },
      'hashlimit-rate-interval': { value: number(MAX_U32, 1) },
    },
    oneOf: [LIMITS],
    listing: () =>
      listing(
        [
          /limit: (?<how>above|up to) (?<v>\S+)/,
          ({ how, v }) => [listedOption(how === 'above' ? 'hashlimit-above' : 'hashlimit-upto', v)],
        ],
        [
          [/burst (?<v>\S+)/, 'hashlimit-burst'],
          [/mode (?<v>\S+)/, ({ v = '' }) => [listedOption('hashlimit-mode', v.replaceAll('-', ','))]],
          [/htable-size (?<v>\d+)/, 'hashlimit-htable-size'],
          [/htable-max (?<v>\d+)/, 'hashlimit-htable-max'],
          [/htable-gcinterval (?<v>\d+)/, 'hashlimit-htable-gcinterval'],
          [/htable-expire (?<v>\d+)/, 'hashlimit-htable-expire'],
          [/srcmask (?<v>\d+)/, 'hashlimit-srcmask'],
          [/dstmask (?<v>\d+)/, 'hashlimit-dstmask'],
          [/rate-match/, 'hashlimit-rate-match'],
          [/rate-interval (?<v>\d+)/, 'hashlimit-rate-interval'],
        ],
        { lost: 'the name of its table of groups, which rules may share' },
      ),
    build(args, { family }) {
      const [upto, above] = [args['hashlimit-upto'], args['hashlimit-above']];
      const limit = upto ?? above;
      if (!limit) return refuse('a rate is missing');
      const { cost, bytes } = limit.value;
      const given = args['hashlimit-burst']?.value;
      const perSecond = costToBytes(cost);
      if (bytes && given?.bytes !== undefined && given.bytes < perSecond) {
        return refuse(`--hashlimit-burst cannot be smaller than the rate, ${perSecond} bytes`);
      }
      if (!bytes && given && given.packets === undefined) {
        return refuse('--hashlimit-burst in bytes needs a rate in bytes');
      }
      const [sourceMask, destinationMask] = [args['hashlimit-srcmask'], args['hashlimit-dstmask']];
      const longest = bits(family);
      if ((sourceMask?.value ?? 0) > longest || (destinationMask?.value ?? 0) > longest) {
        return refuse(`--hashlimit-srcmask and --hashlimit-dstmask are at most ${longest}`);
      }
      const size = args['hashlimit-htable-size']?.value ?? 0;
      const max = args['hashlimit-htable-max']?.value ?? 0;
      const rateMatch = args['hashlimit-rate-match'] !== undefined;
      const info: Omit<HashlimitInfo, 'expire'> = {
        above: (above !== undefined) !== limit.invert,
        cost,
        bytes,
        burst: bytes ? Math.ceil((given?.bytes ?? 0) / perSecond) : (given?.packets ?? 5),
        modes: args['hashlimit-mode']?.value ?? [],
        name: args['hashlimit-name'].value,
        ...(size === 0 ? {} : { size }),
        ...(max === 0 ? {} : { max }),
        gcInterval: args['hashlimit-htable-gcinterval']?.value ?? GC_INTERVAL,
        sourceLength: sourceMask?.value ?? longest,
        destinationLength: destinationMask?.value ?? longest,
        rateMatch,
        interval: rateMatch ? (args['hashlimit-rate-interval']?.value ?? 1) : 1,
      };
      const full: HashlimitInfo = {
        ...info,
        expire: args['hashlimit-htable-expire']?.value ?? usualExpire(info),
      };
      return full;
    },
    print(info: HashlimitInfo, { family }) {
      const limit = info.bytes
        ? formatByteRate(costToBytes(info.cost))
        : formatRate(info.cost, HASHLIMIT_SCALE);
      const amount = info.bytes ? formatBytes(costToBytes(info.cost) * info.burst) : String(info.burst);
      return [
        `--hashlimit-${info.above ? 'above' : 'upto'} ${limit}`,
        ...(info.bytes && info.burst === 0 ? [] : [`--hashlimit-burst ${amount}`]),
        ...(info.modes.length === 0 ? [] : [`--hashlimit-mode ${info.modes.join(',')}`]),
        `--hashlimit-name ${bare(info.name)}`,
        ...(info.size === undefined ? [] : [`--hashlimit-htable-size ${info.size}`]),
        ...(info.max === undefined ? [] : [`--hashlimit-htable-max ${info.max}`]),
        ...(info.gcInterval === GC_INTERVAL ? [] : [`--hashlimit-htable-gcinterval ${info.gcInterval}`]),
        ...(info.expire === usualExpire(info) ? [] : [`--hashlimit-htable-expire ${info.expire}`]),
        ...(info.sourceLength === bits(family) ? [] : [`--hashlimit-srcmask ${info.sourceLength}`]),
        ...(info.destinationLength === bits(family) ? [] : [`--hashlimit-dstmask ${info.destinationLength}`]),
        ...(info.rateMatch ? ['--hashlimit-rate-match'] : []),
        ...(info.rateMatch && info.interval !== 1 ? [`--hashlimit-rate-interval ${info.interval}`] : []),
      ];
    },
    load: loadHashlimit,
    match: matchHashlimit,
  }),
);

/** One unit of the rate (a second, a minute …) for packets; fixed for bytes. */
function usualExpire({ cost, bytes, burst }: Pick<HashlimitInfo, 'cost' | 'bytes' | 'burst'>): number {
  if (bytes) return burst === 0 ? BYTE_EXPIRE : BYTE_EXPIRE_BURST;
  const unit = formatRate(cost, HASHLIMIT_SCALE).split('/')[1] ?? 'sec';
  const seconds: Readonly<Record<string, number>> = { sec: 1, min: 60, hour: 3600, day: 86400 };
  return (seconds[unit] ?? 1) * 1000;
}
