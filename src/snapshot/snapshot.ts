/**
 * The state of a host as the dumps show it: what the kernel model runs on. **Absent is not empty**: a field that is
 * `undefined` was not dumped (kernel defaults or inference apply, and the output says so); an empty list was dumped and
 * holds nothing. Every object keeps the place it was read from, for citing.
 */

import type { InputLimits } from '../base/limits.ts';
import type { Span } from '../base/span.ts';
import type {
  BridgeVlan,
  ConntrackDump,
  Counter,
  Docker,
  FdbEntry,
  FrameFilter,
  IpRule,
  Link,
  MdbEntry,
  Neighbour,
  NexthopBucket,
  NexthopObject,
  Process,
  Qdisc,
  Resolver,
  RouteDump,
  RouterPort,
  Socket,
  Sysctl,
} from '../dump/records.ts';
import type { IpSet } from '../ipset/record.ts';
import type { NftRuleset } from '../nft/ruleset.ts';
import type { Ruleset } from '../xtables/rule.ts';

/** What is one machine's. */
export interface Machine {
  readonly docker: Docker;
  /** Running containers by name → the namespace they are in: their own, another container's, or `host`. */
  readonly containerNamespaces?: ReadonlyMap<string, string>;
  readonly processes?: readonly Process[];
}

/** Of several machines `docker` holds what runs on all of them; whose is whose says `machineOf`. */
export interface Snapshot extends Machine {
  /** Name of the machine, from the manifest. */
  readonly host?: string;
  /** By name; the root network namespace is always called `host`, of several machines `node-1/host`. */
  readonly namespaces: Map<string, Netns>;
  /** The machines by name, where there are several. */
  readonly hosts?: ReadonlyMap<string, Machine>;
  /** Commands of sessions and scripts that changed it, or were refused, in order. */
  readonly commands?: readonly PlayedCommand[];
}

export interface PlayedCommand {
  readonly namespace: string;
  readonly typed: string;
  readonly span: Span;
  /** Why it changed nothing: what the kernel or the program says, and what was probably meant. */
  readonly refusal?: { readonly reason: string; readonly meant?: string };
}

export interface Netns {
  /** As its machine calls it; where there are several machines, with that one's name before it. */
  readonly name: string;
  /** The machine it is on, where there are several. */
  readonly host?: string;
  /** nsfs inode, as lsns and /proc/PID/ns/net show it. */
  readonly inode?: number;
  readonly pid?: number;
  /** Its id as the root namespace sees it (`link-netnsid N` there). */
  readonly netnsid?: number;
  /** The container this namespace belongs to, by name. */
  readonly container?: string;
  /** No dump describes it: made from Docker's view of a container, or from captures alone. */
  readonly inferred: boolean;
  /** What the model keeps to for packets in it, where that was told. */
  readonly limits?: InputLimits;
  /** Known by the commands of a transcript or script alone: it may have more devices, routes and rules than these. */
  partial?: true;
  links?: Link[];
  /** The links come from `ip link`, a bridge's or Docker's mention: their addresses were not dumped. */
  addressesUnknown?: boolean;
  /** Both families; `ip rule` and `ip -6 rule` are told apart by `family`. Undefined: kernel defaults are assumed. */
  rules4?: IpRule[];
  rules6?: IpRule[];
  /** All tables that were dumped. `tables` says whether the dump was of `table all`, or of main only. */
  routes4?: RouteDump;
  routes6?: RouteDump;
  /** `ip nexthop`: objects that routes name by id, and which bucket of a resilient group leads to which member. */
  nexthops?: NexthopObject[];
  nexthopBuckets?: NexthopBucket[];
  neighbours?: Neighbour[];
  fdb?: FdbEntry[];
  /** `bridge mdb`: who wants which group, and behind which ports routers are (with -d). */
  mdb?: { readonly entries: readonly MdbEntry[]; readonly routers?: readonly RouterPort[] };
  bridgeVlans?: BridgeVlan[];
  /** `ebtables-save`, `arptables-save`; what nft shows of the same tables is in `nft`. */
  frameFilters?: FrameFilter[];
  /** `tc -s qdisc` */
  qdiscs?: Qdisc[];
  /** By backend: `iptables-nft` and `iptables-legacy` tables stand side by side on the same hooks. Empty: no rules. */
  rulesets4?: Ruleset[];
  rulesets6?: Ruleset[];
  /** IP sets, by `ipset save` or `ipset list`. */
  ipsets?: IpSet[];
  /** All tables of `nft list ruleset`; those that iptables-save shows too are run from `rulesets4` and `rulesets6`. */
  nft?: NftRuleset;
  /** `net.ipv4.ip_forward` → value, with its place. */
  sysctls?: Map<string, Sysctl>;
  /** sysctl.conf and sysctl.d: what is set at boot, a hint where nobody dumped what stands. */
  bootSysctls?: Map<string, Sysctl>;
  sockets?: Socket[];
  conntrack?: readonly ConntrackDump[];
  /** nstat and friends: `IpInAddrErrors` → value; of `conntrack -S`, over all CPUs, `conntrack insert_failed`. */
  counters?: Map<string, Counter>;
  resolver?: Resolver;
}
