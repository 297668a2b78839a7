/** The buckets of hashlimit: hashlimit_init_dst(), rateinfo_recalc(), hashlimit_mt_common(), net/netfilter/xt_hashlimit.c. */
import { isUnknown, type Ternary, type Unknown, unknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { MatchContext } from '../context.ts';
import { EXTENSION, findHeader, isFound } from '../ipv6.ts';
import { destinationOf, headerAt, hotdrop, sourceOf, u16, upperLayer } from '../packet.ts';
import { sharedState } from '../state.ts';
import { HASHLIMIT_SCALE, type HashlimitInfo } from './hashlimit.ts';

interface Bucket {
  credit: number;
  /** Byte rates: further seconds' worth that may still be drawn. */
  bursts: number;
  last: number;
  expires: number;
}

interface Buckets {
  readonly entries: Map<string, Bucket>;
  collected: number;
}

/** proto_ports_offset(): where ports, or the SPI of ESP and AH in their place, stand; also in later fragments, which have none. */
const PORTS_OFFSET: Readonly<Record<number, number>> = { 6: 0, 17: 0, 33: 0, 50: 0, 51: 4, 132: 0, 136: 0 };

export function matchHashlimit(info: HashlimitInfo, ctx: MatchContext): Ternary {
  if (info.rateMatch) return unknown('the rate that --hashlimit-rate-match measured over its last interval');
  const key = keyOf(info, ctx);
  if (typeof key !== 'string') return key;
  const now = ctx.skb.time;
  const table = sharedState(
    ctx,
    `hashlimit ${ctx.skb.family} ${info.name}`,
    (): Buckets => ({ entries: new Map(), collected: now }),
  );
  collect(table, now, info.gcInterval / 1000);
  const full = capacity(info);
  const bucket = table.entries.get(key) ?? {
    credit: full,
    bursts: info.bytes ? info.burst : 0,
    last: now,
    expires: 0,
  };
  table.entries.set(key, bucket);
  const perSecond = info.bytes ? full : HASHLIMIT_SCALE;
  bucket.credit = Math.min(full, bucket.credit + Math.max(0, now - bucket.last) * perSecond);
  bucket.last = Math.max(bucket.last, now);
  bucket.expires = now + info.expire / 1000;
  const cost = info.bytes ? byteCost(ctx.skb.length, bucket, full) : info.cost;
  // A millionth of a unit for what floating point lost.
  const below = bucket.credit + 1e-6 >= cost;
  if (below) bucket.credit -= cost;
  return below !== info.above;
}

/** Packets: `burst` of them. Bytes: a second's worth, in units of 16 bytes. */
function capacity(info: HashlimitInfo): number {
  return info.bytes ? Math.floor(0xffffffff / Math.max(1, info.cost)) : info.cost * info.burst;
}

/** hashlimit_byte_cost(): a packet that doesn't fit opens the next of the burst's seconds. */
function byteCost(length: number, bucket: Bucket, full: number): number {
  const cost = Math.min((length >> 4) + 1, full);
  if (bucket.credit < cost && bucket.bursts > 0) {
    bucket.bursts--;
    bucket.credit = full;
  }
  return cost;
}

function collect(table: Buckets, now: number, interval: number): void {
  if (now - table.collected < interval) return;
  table.collected = now;
  for (const [key, bucket] of table.entries) if (bucket.expires <= now) table.entries.delete(key);
}

function keyOf(info: HashlimitInfo, ctx: MatchContext): string | Ternary {
  const { skb } = ctx;
  const part = (ip: Ip, length: number): string =>
    String(applyMask(ip, maskOf(skb.family, Math.min(length, skb.family === 4 ? 32 : 128))));
  const parts: string[] = [];
  if (info.modes.includes('srcip')) parts.push(part(sourceOf(skb), info.sourceLength));
  if (info.modes.includes('dstip')) parts.push(part(destinationOf(skb), info.destinationLength));
  const [sourcePort, destinationPort] = [info.modes.includes('srcport'), info.modes.includes('dstport')];
  if (sourcePort || destinationPort) {
    const upper = portsOwner(ctx);
    if (upper === 'short') return hotdrop(ctx);
    if (isUnknown(upper)) return upper;
    const skip = PORTS_OFFSET[upper.protocol];
    const at = skip === undefined ? undefined : headerAt(skb, upper.offset + skip, 4);
    if (at === 'short') return hotdrop(ctx);
    if (at !== undefined && typeof at !== 'number') return at;
    if (sourcePort) parts.push(`s${at === undefined ? 0 : u16(skb.bytes, at)}`);
    if (destinationPort) parts.push(`d${at === undefined ? 0 : u16(skb.bytes, at + 2)}`);
  }
  return parts.join(' ');
}

/** In IPv6 ipv6_skip_exthdr(): a later fragment has no ports, no-next-header is an error, AH is skipped. */
function portsOwner(ctx: MatchContext): { protocol: number; offset: number } | 'short' | Unknown {
  if (ctx.skb.family === 4) return upperLayer(ctx);
  const found = findHeader(ctx.skb);
  if (found === 'absent') return { protocol: -1, offset: -1 };
  if (!isFound(found)) return found;
  if (found.fragmentOffset > 0) return { protocol: -1, offset: -1 };
  return found.protocol === EXTENSION.none ? 'short' : found;
}
