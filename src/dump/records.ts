/**
 * What the dumps' parsers give: records in the kernel's terms, one set for the text and the JSON form of a command. Every
 * record keeps the place it was read from, for citing.
 */
import type { Span } from '../base/span.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { Prefix } from '../net/prefix.ts';
import type { Nfct } from '../skb/nfct.ts';

export interface Link {
  readonly index?: number;
  readonly name: string;
  /** `@if5` or `link_index`: the peer's (veth) or lower device's index, in namespace `peerNetnsid` when that is given. */
  readonly peerIndex?: number;
  readonly peerName?: string;
  readonly peerNetnsid?: number;
  /** `link-netns NAME`: the peer's namespace by its `ip netns` name, which iproute2 prints in place of the id. */
  readonly peerNetns?: string;
  /** A veth pair that a command made: both ends have the same number, wherever they are. */
  readonly pair?: number;
  /** IFLA_INFO_KIND: bridge, veth, vlan, vxlan, macvlan, dummy, tun … when the dump says. */
  readonly kind?: string;
  readonly kindData?: Readonly<Record<string, unknown>>;
  readonly mac?: Mac;
  readonly mtu?: number;
  /** IFF_* names without `<>`: UP, LOWER_UP, NO-CARRIER, BROADCAST, LOOPBACK … */
  flags: string[];
  readonly operstate?: string;
  readonly qdisc?: string;
  readonly group?: string;
  /** txqueuelen. */
  readonly queueLength?: number;
  /** What stands behind `link/`: ether, loopback, none, ipip … */
  readonly linkType?: string;
  readonly altnames?: readonly string[];
  /** The bridge (or bond) it is a port of. */
  master?: string;
  /** Bridge port attributes, when `bridge link` or `ip -d link` was given. */
  readonly port?: BridgePort;
  addresses: InterfaceAddress[];
  readonly statistics?: Readonly<Record<string, number>>;
  /** No link dump shows it: made from a bridge's, Docker's or a capture's mention; its flags are assumed. */
  readonly inferred?: boolean;
  readonly span: Span;
}

export interface BridgePort {
  readonly state?: 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking';
  readonly hairpin?: boolean;
  readonly isolated?: boolean;
  readonly learning?: boolean;
  readonly flood?: boolean;
  readonly mcastFlood?: boolean;
  readonly bcastFlood?: boolean;
  readonly mcastToUnicast?: boolean;
  readonly proxyArp?: boolean;
  readonly proxyArpWifi?: boolean;
  readonly neighSuppress?: boolean;
  readonly vlanTunnel?: boolean;
  readonly locked?: boolean;
  readonly mab?: boolean;
  /** IFLA_BRPORT_NO: the ports of a bridge are numbered as they are added. */
  readonly number?: number;
  /** MDB_RTR_TYPE_*: 0 never, 1 as it is learned, 2 always, 3 for a while. */
  readonly mcastRouter?: number;
  /** Bit N lets frames to 01:80:c2:00:00:0N through. */
  readonly groupFwdMask?: number;
  /** Takes its place while it has no carrier. */
  readonly backupPort?: string;
  readonly span: Span;
}

export interface InterfaceAddress {
  readonly address: Ip;
  readonly length: number;
  /** Point-to-point peer. */
  readonly peer?: Ip;
  readonly broadcast?: Ip;
  readonly scope: string;
  readonly secondary: boolean;
  /** `metric N`: the priority of its prefix route, when set. */
  readonly metric?: number;
  readonly flags: readonly string[];
  /** IPv4's alias label (`eth0:1`), when it isn't the device's name. */
  readonly label?: string;
  /** Seconds left, 4294967295 is for ever; absent when the dump doesn't say. */
  readonly validLifetime?: number;
  readonly preferredLifetime?: number;
  readonly span: Span;
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'multicast'
  | 'anycast'
  | 'unreachable'
  | 'blackhole'
  | 'prohibit'
  | 'throw'
  | 'nat';

export interface Route {
  readonly family: Family;
  readonly type: RouteType;
  readonly destination: Prefix;
  /** main, local, default, or a number or name as printed. */
  readonly table: string;
  readonly nexthops: readonly Nexthop[];
  readonly prefsrc?: Ip;
  readonly metric: number;
  /** As a number, even where `attributes.tos` has the name that was printed. */
  readonly tos?: number;
  readonly scope?: string;
  readonly protocol?: string;
  readonly flags: readonly string[];
  readonly mtu?: number;
  /** `mtu lock`: path MTU discovery doesn't change it. */
  readonly mtuLocked?: boolean;
  /** Whatever else it has, by the word that `ip route` prints before it: `from`, `pref`, `nhid`, `advmss`, `encap` … */
  readonly attributes?: Readonly<Record<string, string>>;
  /** No route dump shows it: what the kernel makes of an address; `span` is the address's. */
  readonly derived?: boolean;
  readonly text: string;
  readonly span: Span;
}

export interface Nexthop {
  readonly gateway?: Ip;
  readonly dev?: string;
  readonly weight: number;
  readonly flags: readonly string[];
  /** `realms FROM/TO` of this next hop alone, as one number. */
  readonly realms?: number;
}

/** `ip nexthop`: a next hop that routes name by its id, or a group of such. */
export interface NexthopObject {
  readonly id: number;
  readonly gateway?: Ip;
  readonly dev?: string;
  readonly blackhole: boolean;
  /** Next hops of a VXLAN device's forwarding table; no route uses them. */
  readonly fdb: boolean;
  /** Members with their weights; a group is chosen from by hash threshold, or by bucket when it is `resilient`. */
  readonly group?: readonly { readonly id: number; readonly weight: number }[];
  readonly resilient?: boolean;
  readonly flags: readonly string[];
  readonly text: string;
  readonly span: Span;
}

/** `ip nexthop bucket`: which member a bucket of a resilient group leads to. */
export interface NexthopBucket {
  readonly group: number;
  readonly index: number;
  readonly member: number;
  readonly span: Span;
}

export interface RouteDump {
  readonly routes: Route[];
  /**
   * Tables this dump speaks for; a table outside it is unknown, one inside it without routes is empty. `listed`: those that
   * its routes name and no other (`ip route show table 100`), or `tables`. `none`: single routes, of tables nobody dumped.
   */
  readonly covers: 'all' | 'main' | 'listed' | 'none';
  /** With `listed`: the tables, when several dumps were put together. */
  readonly tables?: readonly string[];
}

export interface IpRule {
  readonly family: Family;
  readonly priority: number;
  readonly invert: boolean;
  readonly source?: Prefix;
  readonly destination?: Prefix;
  readonly fwmark?: { readonly mark: number; readonly mask: number };
  readonly iif?: string;
  readonly oif?: string;
  readonly tos?: number;
  readonly protocol?: number;
  readonly sourcePorts?: { readonly min: number; readonly max: number };
  readonly destinationPorts?: { readonly min: number; readonly max: number };
  readonly uids?: { readonly min: number; readonly max: number };
  /** DSCP without the two ECN bits, and the mask of the bits that count (kernels from 6.13 on; `tos` is the older selector). */
  readonly dscp?: { readonly value: number; readonly mask: number };
  readonly suppressPrefixLength?: number;
  /** Group of the outgoing interface whose routes aren't used, by number or the name that stands in /etc/iproute2/group. */
  readonly suppressGroup?: string;
  /** For whoever belongs to a layer-3 master device (VRF); with `lookup [l3mdev-table]`, its table is searched. */
  readonly l3mdev?: boolean;
  /** FRA_FLOW, as in a route's `realms`: the source's realm in the upper half, the destination's in the lower. */
  readonly realms?: number;
  readonly action:
    | { readonly kind: 'lookup'; readonly table: string }
    | { readonly kind: 'unreachable' | 'prohibit' | 'blackhole' | 'nop' }
    | { readonly kind: 'goto'; readonly priority: number };
  /** Selectors that are not read into fields (`tun_id 5`): whether it applies is unknown. */
  readonly unsupported?: readonly string[];
  readonly text: string;
  readonly span: Span;
}

export interface Neighbour {
  readonly address: Ip;
  readonly dev: string;
  readonly mac?: Mac;
  /** NUD_*: REACHABLE, STALE, FAILED, PERMANENT … */
  readonly states: readonly string[];
  readonly proxy: boolean;
  readonly span: Span;
}

export interface FdbEntry {
  readonly mac: Mac;
  /** The port (or the device for `self` entries). */
  readonly dev: string;
  readonly master?: string;
  readonly vlan?: number;
  /** The address is the bridge's own (`permanent`), not a station behind the port. */
  readonly permanent: boolean;
  /** `static`: no learned entry, doesn't age. */
  readonly fixed?: boolean;
  /** NTF_STICKY: doesn't move to another port. */
  readonly sticky?: boolean;
  /** NTF_EXT_LOCKED: learned on a locked port, which lets nothing of it through. */
  readonly locked?: boolean;
  /** NTF_EXT_LEARNED: a control plane's; doesn't age. */
  readonly externallyLearned?: boolean;
  /** With `-s`: seconds since it was last a destination, and last a source. */
  readonly used?: number;
  readonly updated?: number;
  readonly self: boolean;
  /** Of a VXLAN device: where frames to it are sent, and with which port and VNI when not the device's own. */
  readonly remote?: Ip;
  readonly port?: number;
  readonly vni?: number;
  readonly span: Span;
}

/** A port (or the bridge itself: `port` is its name) that wants a multicast group. */
export interface MdbEntry {
  readonly bridge: string;
  readonly port: string;
  readonly group: Ip | Mac;
  /** `group` is an Ethernet address, not an IP one (`l2`). */
  readonly link: boolean;
  readonly source?: Ip;
  readonly vlan?: number;
  readonly permanent: boolean;
  /** Blocked for this source, in exclude mode. */
  readonly blocked: boolean;
  readonly span: Span;
}

/** A port behind which a multicast router or querier is. */
export interface RouterPort {
  readonly bridge: string;
  readonly port: string;
  readonly permanent: boolean;
  readonly span: Span;
}

export interface BridgeVlan {
  readonly dev: string;
  readonly vid: number;
  readonly pvid: boolean;
  readonly untagged: boolean;
  /** Spanning tree's state of this VLAN alone. */
  readonly state?: string;
  readonly span: Span;
}

/** `ebtables-save`, `arptables-save`: filters of frames, with their rules' text. */
export interface FrameFilter {
  readonly tool: 'ebtables' | 'arptables';
  readonly tables: readonly FrameTable[];
}

export interface FrameTable {
  readonly name: string;
  readonly chains: readonly FrameChain[];
}

export interface FrameChain {
  readonly name: string;
  /** ACCEPT, DROP; RETURN of chains that somebody made. */
  readonly policy: string;
  readonly rules: readonly FrameRule[];
  readonly span: Span;
}

export interface FrameRule {
  /** Without `-A CHAIN` and counters. */
  readonly text: string;
  readonly target?: string;
  /** With -c. */
  readonly packets?: number;
  readonly span: Span;
}

/** `tc -s qdisc`: a queue that packets leave by, or (ingress, clsact) a place for filters. */
export interface Qdisc {
  readonly dev: string;
  readonly kind: string;
  readonly handle: string;
  readonly root?: boolean;
  readonly parent?: string;
  /** With -s: sent, dropped, held back for the rate, waiting now. */
  readonly packets?: number;
  readonly dropped?: number;
  readonly overlimits?: number;
  readonly backlog?: number;
  readonly options: string;
  readonly span: Span;
}

export interface Sysctl {
  readonly value: string;
  /** Not dumped: what the captures show can only be with this value. The span names the capture. */
  readonly inferred?: boolean;
  readonly span: Span;
}

export interface Counter {
  readonly value: number;
  readonly span: Span;
}

/** Counters of a device, by the names of `ip -s link` (`rx_dropped`) or, of `ethtool -S`, by the driver's own. */
export interface LinkCounters {
  /** Absent where the output doesn't say: `ethtool -S` names the device on its command line only. */
  readonly dev?: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly span: Span;
}

/** A network namespace as one namespace's commands know it. */
export interface NamespaceEntry {
  /** Its name in /run/netns. */
  readonly name?: string;
  /** The id that the namespace where it was asked has for it. */
  readonly netnsid?: number;
  readonly inode?: number;
  /** A process in it. */
  readonly pid?: number;
  readonly command?: string;
  readonly span: Span;
}

export interface Socket {
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'raw' | 'other';
  /** LISTEN, UNCONN, ESTAB … */
  readonly state: string;
  /** Undefined: any address (`*`, `0.0.0.0`, `[::]`). */
  readonly address?: Ip;
  readonly family: Family | 'both';
  readonly device?: string;
  readonly port: number;
  readonly peer?: { readonly address?: Ip; readonly port: number };
  readonly receiveQueue?: number;
  readonly sendQueue?: number;
  readonly process?: string;
  readonly pid?: number;
  /** IP_TRANSPARENT, where the listing tells (ss --inet-sockopt). */
  readonly transparent?: boolean;
  /** SO_MARK, where the listing tells (ss -e). */
  readonly mark?: number;
  readonly span: Span;
}

export interface ConntrackDump {
  readonly entry: Nfct;
  /** Seconds left, as printed. */
  readonly timeout: number;
  readonly span: Span;
}

/** `conntrack -S`: one CPU's counters by their names there (`insert_failed`, `drop`, `invalid` …). */
export interface ConntrackCpu {
  readonly cpu: number;
  readonly counters: ReadonlyMap<string, Counter>;
}

export interface Process {
  readonly pid: number;
  readonly parent?: number;
  readonly user?: string;
  readonly command: string;
  readonly span: Span;
}

export interface Resolver {
  nameservers?: { readonly address: Ip; readonly span: Span }[];
  search?: string[];
  hosts?: { readonly address: Ip; readonly names: readonly string[]; readonly span: Span }[];
  /** The `hosts:` line of nsswitch.conf: `files`, `dns` …, in order. */
  order?: { readonly services: readonly string[]; readonly span: Span };
}

export interface Docker {
  readonly containers: readonly DockerContainer[];
  readonly networks: readonly DockerNetwork[];
  /** Containers that `docker ps` lists and nobody inspected. */
  readonly listed?: readonly ListedContainer[];
}

export interface DockerContainer {
  readonly id: string;
  readonly name: string;
  readonly pid?: number;
  readonly running: boolean;
  /** `State.Error`: why its last start failed; with the line of `State`. */
  readonly startError?: { readonly text: string; readonly span: Span };
  readonly networkMode: string;
  /** `SandboxKey`: /var/run/docker/netns/… */
  readonly sandboxKey?: string;
  readonly endpoints: readonly DockerEndpoint[];
  readonly published: readonly PublishedPort[];
  readonly dns: readonly string[];
  readonly span: Span;
}

/** A container as `docker ps` lists it: nothing of its networks. */
export interface ListedContainer {
  /** The first 12 digits, or all. */
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly running: boolean;
  readonly pid?: number;
  readonly published: readonly PublishedPort[];
  readonly span: Span;
}

export interface DockerEndpoint {
  readonly network: string;
  readonly networkId?: string;
  readonly address?: Ip;
  readonly length?: number;
  readonly gateway?: Ip;
  readonly address6?: Ip;
  readonly mac?: Mac;
}

export interface PublishedPort {
  readonly protocol: string;
  readonly containerPort: number;
  /** Undefined: all addresses. */
  readonly hostAddress?: Ip;
  readonly hostPort: number;
  readonly span: Span;
}

export interface DockerNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** `br-<first 12 of id>` or com.docker.network.bridge.name. */
  readonly bridge?: string;
  readonly internal: boolean;
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly subnets: readonly { readonly subnet: Prefix; readonly gateway?: Ip }[];
  readonly options: Readonly<Record<string, string>>;
  /** Who is attached, by `Containers`; undefined when the dump doesn't have it. */
  readonly members?: readonly DockerMember[];
  readonly span: Span;
}

export interface DockerMember {
  readonly name: string;
  readonly address?: Ip;
  readonly address6?: Ip;
  readonly span: Span;
}
