/** ip6_protocol_deliver_rcu(): the extension headers of a packet for this host, before its upper layer is asked. */
import { viewOf } from '../base/bytes.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { walkIpv6 } from '../header/ipv6-chain.ts';
import type { Skb } from '../skb/skb.ts';
import { type OptionFault, optionsFault } from './ipv6-options.ts';
import type { Net } from './net.ts';

const ROUTING = 43;
const DESTINATION = 60;

/** Routing types (IANA) that the kernel takes apart itself, and the setting that each needs. */
const NEEDS: Readonly<Record<number, string>> = { 3: 'rpl_seg_enabled', 4: 'seg6_enabled' };

/** The first header that ends the packet here; undefined when they are all passed over, or it has none. */
export function extensionFault(net: Net, dev: string, skb: Skb): OptionFault | undefined {
  if (skb.family !== 6) return undefined;
  for (const { protocol, offset } of walkIpv6(new Ipv6(viewOf(skb.bytes), 0), skb.bytes.length).headers) {
    const fault =
      protocol === DESTINATION
        ? optionsFault(skb, offset, 'destination')
        : protocol === ROUTING
          ? routingFault(net, dev, skb, offset)
          : undefined;
    if (fault) return fault;
  }
  return undefined;
}

/** ipv6_rthdr_rcv(): what no setting allows is dropped without a word; other types with segments left are answered. */
function routingFault(net: Net, dev: string, skb: Skb, offset: number): OptionFault | undefined {
  if (skb.packetType !== 'host') return { text: 'a routing header in a frame for everybody' };
  const type = skb.bytes[offset + 2] ?? 0;
  const setting = NEEDS[type];
  if (setting !== undefined) {
    if (Math.min(net.conf(6, 'all', setting), net.conf(6, dev, setting)) > 0) return undefined;
    return { text: `a routing header of type ${type}, and net.ipv6.conf.${dev}.${setting} is 0` };
  }
  const left = skb.bytes[offset + 3] ?? 0;
  if (left === 0) return undefined;
  return {
    text: `a routing header of type ${type} with ${left} segments left`,
    problem: { code: 0, pointer: offset + 2 },
  };
}
