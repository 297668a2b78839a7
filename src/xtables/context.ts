import type { Ternary, Unknown } from '../base/ternary.ts';
import type { Ip } from '../net/ip.ts';
import type { Nfct } from '../skb/nfct.ts';
import type { Skb } from '../skb/skb.ts';
import type { Hook, Policy, Rule, TableName } from './rule.ts';

export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'
  | 'NAT'
  | 'XRESOLVE';

/** What a match may ask of the namespace it runs in; the netstack answers. */
export interface NamespaceView {
  /** Seconds between two moments as the kernel's coarse clock (jiffies) counts them, where its ticks are known. */
  elapsed?(from: number, to: number): number;
  /**
   * Is the address of one of those types, by the local table; `dev` restricts it to one interface (addrtype
   * --limit-iface-*). IPv6 asks for all of MULTICAST, UNICAST and UNSPEC, and for one of the types that a route decides.
   */
  hasAddressType(ip: Ip, types: readonly AddressType[], dev?: string): Ternary;
  /** IFLA_GROUP of a device: a number. */
  deviceGroup(name: string): number | Unknown;
  /** dst->tclassid, the realms of the route taken: the source's in the upper half. */
  realms(): number | Unknown;
  /** fib_validate for `-m rpfilter`. */
  reversePath(skb: Skb, options: { loose: boolean; validMark: boolean; acceptLocal: boolean }): Ternary;
  /** Is the tuple of values in the named ipset? `directions` as given, `src,dst` … Unknown when there is no dump of it. */
  setContains(
    name: string,
    directions: readonly ('src' | 'dst')[],
    skb: Skb,
    options?: SetTestOptions,
  ): Ternary;
  /** Confirmed connections, for connlimit. Unknown when entries may be missing. */
  connections(): Iterable<Nfct> | Unknown;
  /** SET target: the model's own copy of the set changes; absent when sets are not followed. */
  changeSet?(
    change: 'add' | 'del',
    name: string,
    directions: readonly ('src' | 'dst')[],
    skb: Skb,
    options?: SetChangeOptions,
  ): void;
  /** What the element that the packet's tuple belongs to maps; undefined when it belongs to none. */
  setMapping?(
    name: string,
    directions: readonly ('src' | 'dst')[],
    skb: Skb,
  ): SetMapping | undefined | Unknown;
  /** What happens to sets inside is undone afterwards: for trying both sides of a rule. */
  tentatively?<T>(run: () => T): T;
  /** Smaller of the route's MTUs there and back, for TCPMSS --clamp-mss-to-pmtu. */
  readonly pathMtu?: ((skb: Skb) => number | Unknown) | undefined;
  /** The socket that the packet, or what an ICMP error quotes, belongs to; undefined when there is none. */
  socket?(skb: Skb): SocketView | undefined | Unknown;
  /** Sysctl value, or undefined when neither the dump nor the kernel's default says. */
  sysctl(name: string): string | undefined;
}

export interface SocketView {
  /** inet_rcv_saddr is 0: bound to no address. */
  readonly wildcard: boolean;
  /** IP_TRANSPARENT */
  readonly transparent: Ternary;
  /** SO_MARK */
  readonly mark: number | Unknown;
}

export interface SetTestOptions {
  /** Hold only for an address under a nomatch entry. */
  readonly returnNomatch?: boolean;
  /** A condition on the element's counters, which count this packet already. Sets without counters meet every one. */
  readonly counters?: (packets: bigint, bytes: bigint) => boolean;
  /** Neither the element nor, in a list of sets, the member's counts the packet. */
  readonly skipCounters?: boolean;
  /** The member's element doesn't count it. */
  readonly skipSubcounters?: boolean;
}

export interface SetChangeOptions {
  /** What is there already is added anew: its timeout begins again. */
  readonly exist?: boolean;
  /** Seconds, 0 for ever; the set's default when absent. */
  readonly timeout?: number;
}

/** The skbinfo of a set's element. */
export interface SetMapping {
  readonly mark: number;
  readonly mask: number;
  readonly priority: number;
  readonly queue: number;
}

export interface MatchState {
  readonly rule: Map<Rule, unknown>;
  readonly shared: Map<string, unknown>;
  /** Packets before the first one may have left state behind that no dump shows; absent when everything began empty. */
  readonly earlier?: boolean;
}

/** What a match or target sees when a rule is tried on a packet. */
export interface MatchContext {
  readonly skb: Skb;
  readonly hook: Hook;
  readonly table: TableName;
  readonly rule: Rule;
  readonly backend: 'nft' | 'legacy';
  readonly namespace: NamespaceView;
  /** State that lives as long as the ruleset (limit, recent, statistic, quota): one slot a rule, one shared by name. */
  readonly state: MatchState;
  /** Set by a match that drops the packet on the spot (xt_action_param.hotdrop): header too short. */
  hotdrop: boolean;
}

/** Verdict of one rule; never mixed up with a chain's or a hook's. */
export type RuleVerdict =
  | { readonly kind: 'continue' | 'accept' | 'return' | 'queue' }
  /** `icmp`: the sender is told so. */
  | { readonly kind: 'drop'; readonly icmp?: IcmpAnswer }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'nat'; readonly nat: NatRange }
  /** TEE: `out` is the device that the copy has to leave by. */
  | { readonly kind: 'tee'; readonly gateway: Ip; readonly out?: string }
  | { readonly kind: 'notrack' }
  /** CT: a template for the connection that conntrack is about to make (raw table); goes on. */
  | { readonly kind: 'ct'; readonly template: CtTemplate }
  /** TPROXY: the packet goes to the socket listening there, or is dropped when there is none. */
  | { readonly kind: 'tproxy'; readonly address?: Ip; readonly port: number; readonly mark: MarkChange }
  | { readonly kind: 'unknown'; readonly why: string };

/** An ICMP or ICMPv6 error; `rest` is its second word. */
export interface IcmpAnswer {
  readonly type: number;
  readonly code: number;
  readonly rest: number;
}

export interface CtTemplate {
  readonly helper?: string;
  /** `mark`: the zone is the packet's mark. */
  readonly zone?: { readonly direction: 'both' | 'original' | 'reply'; readonly id: number | 'mark' };
  readonly timeout?: string;
}

/** mark = (mark & ~mask) ^ value */
export interface MarkChange {
  readonly value: number;
  readonly mask: number;
}

/** What a NAT target asks for (struct nf_nat_range2). MASQUERADE and REDIRECT leave the address to the model. */
export interface NatRange {
  readonly manip: 'src' | 'dst';
  readonly address:
    | { readonly kind: 'range'; readonly min: Ip; readonly max: Ip }
    | { readonly kind: 'masquerade' }
    | { readonly kind: 'redirect' }
    | { readonly kind: 'netmap'; readonly address: Ip; readonly mask: Ip }
    | { readonly kind: 'keep' };
  readonly ports?: { readonly min: number; readonly max: number; readonly base?: number };
  readonly random: boolean;
  readonly persistent: boolean;
}

/** Verdict of a whole chain walk. */
export type ChainVerdict = Policy | 'RETURN';
