/** hashlimit_init_dst(), net/netfilter/xt_hashlimit.c: the group of a packet, by addresses and ports. */
import { isUnknown, type Ternary, type Unknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { MatchContext } from '../context.ts';
import { EXTENSION, findHeader, isFound } from '../ipv6.ts';
import { destinationOf, headerAt, hotdrop, sourceOf, u16, upperLayer } from '../packet.ts';
import { portsOffset } from '../ports-offset.ts';
import type { HashlimitInfo } from './hashlimit.ts';

/** Anything but a text is what the match says at once. Later fragments of IPv4 are read as if they had ports. */
export function hashlimitKey(info: HashlimitInfo, ctx: MatchContext): string | Ternary {
  const { skb } = ctx;
  const part = (ip: Ip, length: number): string =>
    String(applyMask(ip, maskOf(skb.family, Math.min(length, skb.family === 4 ? 32 : 128))));
  const parts: string[] = [];
  if (info.modes.includes('srcip')) parts.push(part(sourceOf(skb), info.sourceLength));
  if (info.modes.includes('dstip')) parts.push(part(destinationOf(skb), info.destinationLength));
  const [sourcePort, destinationPort] = [info.modes.includes('srcport'), info.modes.includes('dstport')];
  if (!sourcePort && !destinationPort) return parts.join(' ');
  const upper = portsOwner(ctx);
  if (upper === 'short') return hotdrop(ctx);
  if (isUnknown(upper)) return upper;
  const skip = portsOffset(upper.protocol);
  const at = skip === undefined ? undefined : headerAt(skb, upper.offset + skip, 4);
  if (at === 'short') return hotdrop(ctx);
  if (at !== undefined && typeof at !== 'number') return at;
  if (sourcePort) parts.push(`s${at === undefined ? 0 : u16(skb.bytes, at)}`);
  if (destinationPort) parts.push(`d${at === undefined ? 0 : u16(skb.bytes, at + 2)}`);
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
