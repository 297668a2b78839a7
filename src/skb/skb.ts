import type { Family } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { SkbConntrack } from './nfct.ts';

export type PacketType = 'host' | 'broadcast' | 'multicast' | 'otherhost' | 'outgoing' | 'loopback';

/**
 * A packet inside the kernel model (struct sk_buff). The bytes are the truth: they begin at the network header, belong
 * to this skb alone, and rewriting (NAT, TTL, TOS, MSS) changes them in place and keeps the checksums right.
 */
export interface Skb {
  family: Family;
  /** From the network header on; shorter than `length` when the capture's snaplen cut it. */
  bytes: Uint8Array;
  /** IP length as the kernel counts it: IPv4 total length, IPv6 payload length + 40. */
  length: number;
  /** Upper-layer protocol, behind the IPv6 extension headers that the kernel skips. */
  protocol: number;
  /** Offset of the upper-layer header in `bytes`; -1 when there is none to read (non-first fragment, cut short). */
  transport: number;
  /** Bytes from the start of the datagram (0 for unfragmented and first fragments), and whether more follow. */
  fragmentOffset: number;
  moreFragments: boolean;
  /** Joined from fragments on the way: length of the longest, which it is cut into again when it leaves. */
  fragmentMax?: number | undefined;
  /** Bytes that each of its fragments carried, in order; it falls into them again unless something had to be pulled together. */
  fragmentSizes?: readonly number[] | undefined;
  /** fwmark */
  mark: number;
  priority: number;
  packetType: PacketType;
  etherSource?: Mac | undefined;
  etherDestination?: Mac | undefined;
  /** EtherType of the frame it came in, and VLAN ids that were on it, outermost first. */
  vlans: readonly number[];
  /** Interfaces as netfilter names them in the current hook; undefined where the hook has none. */
  in?: string | undefined;
  out?: string | undefined;
  physin?: string | undefined;
  physout?: string | undefined;
  conntrack?: SkbConntrack | undefined;
  /** Epoch seconds of this packet: the model's clock. */
  time: number;
  /** The process that sent it, for locally sent packets, as far as known. */
  owner?: { readonly uid?: number; readonly gid?: number; readonly process?: string } | undefined;
  /**
   * What the kernel sends itself: by a control socket of its own (ICMP, a RST), which no file stands for, or by none
   * (what netfilter makes). Undefined for what a process sent.
   */
  kernelSocket?: 'control' | 'none' | undefined;
  /** Sent by a process or the kernel of the namespace it is in now. */
  local: boolean;
  /** Of what a tunnel of the model made: the packet inside, as it was then, and `vxlan 42`. */
  inner?: { readonly skb: Skb; readonly tunnel: string } | undefined;
  /** The capture cut the options of its TCP header: they are zeros here. */
  optionsCut?: true | undefined;
  /** It was read from a text that doesn't show TTL, TOS, identification and flags: they are made up here. */
  headerUnsaid?: true | undefined;
  /** Tells copies and rewrites of one captured packet from others: file and number. */
  origin?: { readonly file: string; readonly number: number } | undefined;
}
