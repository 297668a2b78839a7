/** ip6_protocol_deliver_rcu(): the extension headers of a packet for this host, before its upper layer is asked. */
import { viewOf } from '../base/bytes.ts';
import { Ipv6 } from '../header/ipv6.ts';
import { type Ipv6Header, walkIpv6 } from '../header/ipv6-chain.ts';
import type { Skb } from '../skb/skb.ts';
import { fragmentFault } from './defrag.ts';
import { type OptionFault, optionsFault } from './ipv6-options.ts';
import type { Net } from './net.ts';

const [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION] = [0, 43, 44, 51, 60];
const NEXT_HEADER = 6;
const HEADER = 40;
/** Offset and flag of a fragment header. */
const IS_FRAGMENT = 0xfff9;
/** RFC 4443: unrecognized Next Header type encountered. */
const UNKNOWN_HEADER = 1;

/** Routing types (IANA) that the kernel takes apart itself, and the setting that each needs. */
const NEEDS: Readonly<Record<number, string>> = { 3: 'rpl_seg_enabled', 4: 'seg6_enabled' };

/** The first header that ends the packet here; `fragment` when it is to be joined first; undefined when all are passed over. */
export function extensionFault(net: Net, dev: string, skb: Skb): OptionFault | 'fragment' | undefined {
  if (skb.family !== 6) return undefined;
  const { headers, fault } = chainOf(skb);
  let named = NEXT_HEADER;
  for (const header of headers) {
    const found = headerFault(net, dev, skb, header, named);
    if (found) return found;
    named = header.offset;
  }
  return fault && skb.length <= skb.bytes.length
    ? { text: 'an extension header is longer than the packet' }
    : undefined;
}

/** IP6CB(skb)->nhoff: where in the packet the byte is that names the upper layer. */
export function upperLayerPointer(skb: Skb): number {
  return chainOf(skb).headers.at(-1)?.offset ?? NEXT_HEADER;
}

function chainOf(skb: Skb) {
  return walkIpv6(new Ipv6(viewOf(skb.bytes), 0), Math.min(skb.bytes.length, skb.length));
}

/** `named`: where the byte is that names the header. */
function headerFault(
  net: Net,
  dev: string,
  skb: Skb,
  { protocol, offset }: Ipv6Header,
  named: number,
): OptionFault | 'fragment' | undefined {
  switch (protocol) {
    case DESTINATION:
      return optionsFault(skb, offset, 'destination');
    case ROUTING:
      return routingFault(net, dev, skb, offset);
    case FRAGMENT:
      if ((viewOf(skb.bytes).getUint16(offset + 2) & IS_FRAGMENT) === 0) return undefined;
      return fragmentFault(skb) ?? 'fragment';
    case AUTHENTICATION:
      return unhandled('an authentication header, and no handler for it', named);
    case HOP_BY_HOP:
      return offset === HEADER ? undefined : unhandled('hop-by-hop options behind other headers', named);
    default:
      return undefined;
  }
}

function unhandled(text: string, pointer: number): OptionFault {
  return { text, problem: { code: UNKNOWN_HEADER, pointer } };
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
