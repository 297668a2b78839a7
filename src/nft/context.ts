/** What an expression or statement sees when a rule is tried on a packet (struct nft_pktinfo). */
import type { Ternary, Unknown } from '../base/ternary.ts';
import type { Ip } from '../net/ip.ts';
import type { Skb } from '../skb/skb.ts';
import type { NamespaceView } from '../xtables/context.ts';
import type { NftHook, NftTable } from './ruleset.ts';
import type { NftState } from './state.ts';

/** Of a device, as far as `meta` asks. */
export interface DeviceView {
  readonly index?: number;
  /** ARPHRD_*: 1 Ethernet, 772 loopback. */
  readonly type: number | Unknown;
  /** rtnl_link_ops->kind; absent for devices of a driver that has none. */
  readonly kind?: string | Unknown;
  /** The bridge it is a port of. */
  readonly bridge?: string;
}

/** What `fib … oif` looks up (struct flowi4 in nft_fib4_eval()). */
export interface FibQuestion {
  readonly destination: Ip;
  readonly source: Ip;
  readonly mark: number;
  readonly tos: number;
  /** Only a route that uses this device counts, and it is the answer then. */
  readonly device?: string;
}

/** What nft may ask of the namespace it runs in; the netstack answers. */
export interface NftView extends NamespaceView {
  device(name: string): DeviceView;
  /** Name of the device with that index. */
  deviceName(index: number): string | undefined;
  /** Name of the device the route leads out by; empty when there is none. */
  fibDevice(question: FibQuestion): string | Unknown;
  /** tproxy: gives the packet to a socket; false when there is none. Absent where nobody could. */
  tproxy?(skb: Skb, address: Ip | undefined, port: number | undefined): Ternary;
  /** `fib … type`: RTN_* of an address; for IPv6 that takes a whole look-up. */
  fibType(ip: Ip, device?: string): number | Unknown;
}

export interface NftContext {
  readonly skb: Skb;
  /** Family of the hook that runs (nft_pf()): inet tables run in hooks of ip and ip6. */
  readonly pf: 'ip' | 'ip6' | 'bridge' | 'netdev';
  readonly hook: NftHook;
  readonly table: NftTable;
  /** skb_dst(): absent before the routing decision. */
  readonly route?: { readonly nexthop: Ip };
  /** skb->len beyond the IP length: what of the frame's header still counts (egress). */
  readonly extra: number;
  readonly namespace: NftView;
  readonly state: NftState;
}

/** skb->dev, whose type `iiftype` is in spite of its name: the outgoing device once ip_output() has set it, none before. */
export function currentDevice({ pf, hook, skb }: NftContext): string | undefined {
  if (hook === 'postrouting' || hook === 'egress') return skb.out;
  if (pf === 'bridge') return hook === 'forward' || hook === 'output' ? skb.out : skb.in;
  return hook === 'output' ? undefined : skb.in;
}
