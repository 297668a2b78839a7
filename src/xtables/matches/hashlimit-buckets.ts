/** The tables of hashlimit and their buckets: hashlimit_mt_common(), rateinfo_init(), rateinfo_recalc(), net/netfilter/xt_hashlimit.c. */
import { type Ternary, unknown } from '../../base/ternary.ts';
import type { Family } from '../../net/ip.ts';
import type { MatchContext } from '../context.ts';
import { hotdrop } from '../packet.ts';
import { elapsed, sharedState } from '../state.ts';
import { HASHLIMIT_SCALE, type HashlimitInfo } from './hashlimit.ts';
import { hashlimitKey } from './hashlimit-key.ts';

interface Bucket {
  /** Time in millionths of a second, or for byte rates parts of a second's worth. */
  credit: number;
  /** Byte rates: further seconds' worth that may still be drawn. */
  bursts: number;
  last: number;
  expires: number;
  /** --hashlimit-rate-match: what came in the interval that runs, and whether the one before it had too much. */
  counted: number;
  exceeded: boolean;
}

/** One a name and family: made by the first rule that names it, whose rate and size hold for all of them. */
interface HashTable {
  readonly config: HashlimitInfo;
  readonly entries: Map<string, Bucket>;
}

/** A second's worth of a byte rate: HZ × CREDITS_PER_JIFFY_BYTES, the same for HZ 250 and 1000. */
const FULL_SECOND = 4194304000;
/** Buckets of a host with more than a gigabyte. */
const USUAL_SIZE = 8192;

const tableKey = (name: string, family: Family): string => `hashlimit ${family} ${name}`;
const makeTable = (config: HashlimitInfo): HashTable => ({ config, entries: new Map() });

/** htable_create(), when a rule is loaded. */
export function loadHashlimit(info: HashlimitInfo, family: Family, shared: Map<string, unknown>): void {
  const key = tableKey(info.name, family);
  if (!shared.has(key)) shared.set(key, makeTable(info));
}

export function matchHashlimit(info: HashlimitInfo, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  const { config, entries } = sharedState(ctx, tableKey(info.name, skb.family), () => makeTable(info));
  const key = hashlimitKey(config, ctx);
  if (typeof key !== 'string') return key;
  const known = entries.get(key);
  const fate = known ? collected(known, config, skb.time) : 'yes';
  if (fate === 'yes') {
    if (known) entries.delete(key);
    if (entries.size >= mostEntries(config)) {
      collectAll(entries, config, skb.time);
      if (entries.size >= mostEntries(config)) return hotdrop(ctx);
    }
  }
  const fresh = freshBucket(config, skb.time);
  const bucket = fate === 'yes' || !known ? fresh : known;
  entries.set(key, bucket);
  if (fate !== 'maybe') return draw(bucket, info, config, ctx);
  const [kept, made] = [bucket, fresh].map((each) => draw(each, info, config, ctx));
  return kept === made || kept === undefined
    ? (kept ?? false)
    : unknown(`whether table ${info.name} had forgotten the packet's group already`);
}

/** Unused buckets go at the next run of the garbage collector, whose rhythm began when the rule was loaded. */
function collected(bucket: Bucket, config: HashlimitInfo, now: number): 'yes' | 'no' | 'maybe' {
  if (now < bucket.expires) return 'no';
  return now >= bucket.expires + config.gcInterval / 1000 ? 'yes' : 'maybe';
}

function collectAll(entries: Map<string, Bucket>, config: HashlimitInfo, now: number): void {
  for (const [key, bucket] of entries) if (collected(bucket, config, now) === 'yes') entries.delete(key);
}

function mostEntries({ size, max }: HashlimitInfo): number {
  const buckets = size ?? USUAL_SIZE;
  return max === undefined ? buckets * 8 : Math.max(max, buckets);
}

function freshBucket(config: HashlimitInfo, now: number): Bucket {
  return {
    credit: config.bytes ? FULL_SECOND : config.cost * config.burst,
    bursts: config.bytes ? config.burst : 0,
    last: now,
    expires: now,
    counted: 0,
    exceeded: false,
  };
}

/** Is the packet below the rate? It pays if it is. */
function draw(bucket: Bucket, info: HashlimitInfo, config: HashlimitInfo, ctx: MatchContext): boolean {
  bucket.expires = ctx.skb.time + config.expire / 1000;
  const below = info.rateMatch ? countRate(bucket, info, config, ctx) : pay(bucket, info, config, ctx);
  return below !== info.above;
}

function pay(bucket: Bucket, info: HashlimitInfo, config: HashlimitInfo, ctx: MatchContext): boolean {
  const full = config.bytes ? FULL_SECOND : config.cost * config.burst;
  const { time: now, length } = ctx.skb;
  const passed = elapsed(ctx, bucket.last, now);
  bucket.last = Math.max(bucket.last, now);
  bucket.credit = Math.min(full, bucket.credit + passed * (config.bytes ? FULL_SECOND : HASHLIMIT_SCALE));
  const cost = info.bytes ? byteCost(length, bucket, config) : config.cost;
  // A millionth of a unit for what floating point lost.
  if (bucket.credit + 1e-6 < cost) return false;
  bucket.credit -= cost;
  return true;
}

/** hashlimit_byte_cost(): in pieces of 16 bytes; a packet that doesn't fit opens the next of the burst's seconds. */
function byteCost(length: number, bucket: Bucket, config: HashlimitInfo): number {
  const piece = Math.floor((config.cost * FULL_SECOND) / 2 ** 32);
  const cost = Math.min(((length >> 4) + 1) * piece, FULL_SECOND);
  if (bucket.credit < cost && bucket.bursts > 0) {
    bucket.bursts--;
    bucket.credit = FULL_SECOND;
  }
  return cost;
}

/** Nothing is above the rate before an interval had more than it, or this one more than rate and burst. */
function countRate(bucket: Bucket, info: HashlimitInfo, config: HashlimitInfo, ctx: MatchContext): boolean {
  const { time: now, length } = ctx.skb;
  const passed = elapsed(ctx, bucket.last, now);
  const rate = config.bytes
    ? (Math.floor(0xffffffff / Math.max(1, config.cost)) - 1) * 16
    : Math.floor(HASHLIMIT_SCALE / config.cost);
  if (passed >= config.interval) {
    bucket.exceeded = bucket.counted * config.interval > passed * rate;
    bucket.counted = 0;
    bucket.last = now;
  }
  bucket.counted += info.bytes ? length : 1;
  const burst = config.bytes ? Math.max(1, config.burst) * rate : config.burst + rate;
  return !bucket.exceeded && bucket.counted <= burst;
}
