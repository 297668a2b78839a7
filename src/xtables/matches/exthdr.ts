/** IPv6 extension headers as matches see them: ipv6_find_hdr(), net/ipv6/exthdrs_core.c. */
import type { Unknown } from '../../base/ternary.ts';
import type { Ipv6Header } from '../../header/ipv6-chain.ts';
import type { MatchContext } from '../context.ts';
import { cut, extensionHeaders } from '../packet.ts';

/** The first header of the type; undefined when the packet has none, unknown when the capture ends before that is sure. */
export function findHeader(ctx: MatchContext, protocol: number): Ipv6Header | Unknown | undefined {
  const { skb } = ctx;
  const chain = extensionHeaders(skb);
  const found = chain.headers.find((each) => each.protocol === protocol);
  if (found) return found;
  if (chain.fault && skb.bytes.length < skb.length) return cut(skb);
  return undefined;
}
