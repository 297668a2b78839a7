/** ipv6_rthdr_rcv(), net/ipv6/exthdrs.c: what becomes of a packet for this host that has a routing header. */
import { viewOf } from '../base/bytes.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { walkIpv6 } from '../header/ipv6-chain.ts';
import type { Skb } from '../skb/skb.ts';
import type { Net } from './net.ts';

const ROUTING = 43;

/** Routing types (IANA): the ones that the kernel takes apart itself need a setting, type 2 (RFC 6275) a mobile node. */
const NEEDS: Readonly<Record<number, string>> = { 3: 'rpl_seg_enabled', 4: 'seg6_enabled' };
const MOBILE = 2;

/** Why the packet is dropped without a word; undefined when its routing headers, if any, are done with and passed over. */
export function refusedRoutingHeader(net: Net, dev: string, skb: Skb): string | undefined {
  if (skb.family !== 6) return undefined;
  const view = viewOf(skb.bytes);
  for (const { protocol, offset } of walkIpv6(new Ipv6(view, 0), skb.bytes.length).headers) {
    if (protocol !== ROUTING) continue;
    if (skb.packetType !== 'host') return 'a routing header in a frame for everybody';
    const type = view.getUint8(offset + 2);
    const setting = NEEDS[type];
    if (setting !== undefined && Math.min(net.conf(6, 'all', setting), net.conf(6, dev, setting)) === 0) {
      return `a routing header of type ${type}, and net.ipv6.conf.${dev}.${setting} is 0`;
    }
    if (type === MOBILE) return 'a routing header of type 2, and no mobile node here';
  }
  return undefined;
}
