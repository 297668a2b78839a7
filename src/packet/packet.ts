import type { Told } from '../capture/frame.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { DnsMessage } from './dns.ts';

/**
 * What dissecting a frame gave: plain values, independent of the reader's block except for `bytes`. A layer that can't
 * be read ends the packet there and leaves the layers before it; `error` says why when that is malformation (being cut
 * short by the snaplen is not).
 */
export interface Packet {
  /** From 1 in its file. */
  readonly number: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Bytes on the wire, bytes in the file. */
  readonly length: number;
  readonly captured: number;
  readonly linkType: number;
  readonly interfaceName?: string | undefined;
  /** SLL/SLL2 packet type or, for Ethernet, undefined: who it was addressed to, as the capturing host saw it. */
  readonly sllType?: number | undefined;
  /** SLL2: ifindex the packet was seen on. */
  readonly interfaceIndex?: number | undefined;
  readonly ether?: { readonly source?: Mac; readonly destination?: Mac; readonly type: number } | undefined;
  readonly vlans: readonly number[];
  readonly arp?: ArpLayer | undefined;
  readonly ip?: IpLayer | undefined;
  readonly tcp?: TcpLayer | undefined;
  readonly udp?: UdpLayer | undefined;
  /** SCTP, DCCP, UDP-Lite: the ports they begin with. Also of a TCP or UDP header that is cut short behind them. */
  readonly ports?: PortsLayer | undefined;
  readonly icmp?: IcmpLayer | undefined;
  /** What a UDP or TCP segment from or to port 53 or 5353 says, as far as it is there. */
  readonly dns?: DnsMessage | undefined;
  /** Of an inner packet: what it came in. */
  readonly tunnel?: { readonly kind: TunnelKind; readonly id?: number | undefined } | undefined;
  /** Packets inside tunnels (GRE, IPIP, VXLAN, Geneve …), outermost first. */
  readonly inner: readonly Packet[];
  readonly error?: { readonly layer: string; readonly text: string } | undefined;
  /** Set when it was made from text: what that leaves open is absent here, or a value that nothing may be concluded from. */
  readonly told?: Told | undefined;
}

/** `id` of a tunnel: VNI of VXLAN and Geneve, GRE key, ERSPAN session, GTP TEID, 802.1ah instance, NSH path. */
export type TunnelKind =
  | 'ipip'
  | 'gre'
  | 'erspan'
  | 'vxlan'
  | 'geneve'
  | 'gtp'
  | 'teredo'
  | 'etherip'
  | 'mpls'
  | 'pbb'
  | 'nsh';

export interface PortsLayer {
  readonly source: number;
  readonly destination: number;
  /** Type of the first SCTP chunk: 1 INIT, 6 ABORT … */
  readonly chunk?: number | undefined;
}

export interface ArpLayer {
  readonly operation: number;
  readonly senderMac: Mac;
  readonly senderIp: number;
  readonly targetMac: Mac;
  readonly targetIp: number;
}

export interface IpLayer {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  /** Upper-layer protocol, behind IPv6 extension headers. */
  readonly protocol: number;
  /** Undefined, as the identification, where a text doesn't tell it. */
  readonly ttl: number | undefined;
  readonly tos: number;
  /** IPv4 identification; for IPv6 that of the fragment header, when there is one. */
  readonly id?: number | undefined;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes. */
  readonly fragmentOffset: number;
  /** IPv4 total length; IPv6 payload length + 40. */
  readonly length: number;
  /** Offsets in the frame's bytes; transport is -1 when there is none to read. */
  readonly offset: number;
  readonly transport: number;
  /** IP payload behind the upper-layer header, as the headers say (not limited by the snaplen). */
  readonly payload: number;
}

export interface TcpLayer {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The low nine bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, NS 256. */
  readonly flags: number;
  /** -1 when the capture has cut the header before it, as for `checksum`. */
  readonly window: number;
  readonly checksum: number;
  /** Of a segment with SYN: the maximum segment size it announces. */
  readonly mss?: number | undefined;
  /** Segment data in bytes, from the IP length. */
  readonly payload: number;
}

export interface UdpLayer {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly length: number;
  readonly checksum: number;
}

export interface IcmpLayer {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** Echo and other queries. */
  readonly id?: number | undefined;
  readonly sequence?: number | undefined;
  /** Next-hop MTU of "fragmentation needed" / "packet too big"; gateway of a redirect. */
  readonly mtu?: number | undefined;
  readonly gateway?: Ip | undefined;
  /** ND target address. */
  readonly target?: Ip | undefined;
  /** The packet an error quotes, as far as it is there. */
  readonly quoted?: Packet | undefined;
}
