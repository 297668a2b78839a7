/** Datatypes of nft expressions (src/datatype.c of nftables; `nft describe NAME`): what a value of so many bits stands for. */

/** `bitmask`: a bare value or list of them asks for any of the bits. `string`: compared as text, `*` at the end stands for any rest. */
export type BaseType = 'integer' | 'bitmask' | 'string';

export interface DatatypeInfo {
  /** 0: as wide as the expression it is compared with. */
  readonly bits: number;
  readonly base: BaseType;
  /** Byte order in the register. It matters to hashes, and where the kernel compares without converting. */
  readonly order: 'big' | 'host';
}

const big = (bits: number, base: BaseType = 'integer'): DatatypeInfo => ({ bits, base, order: 'big' });
const host = (bits: number, base: BaseType = 'integer'): DatatypeInfo => ({ bits, base, order: 'host' });

export const DATATYPES = {
  integer: big(0),
  bitmask: big(0, 'bitmask'),
  string: host(0, 'string'),
  boolean: host(8),
  verdict: host(32),
  ipv4_addr: big(32),
  ipv6_addr: big(128),
  ether_addr: big(48),
  ll_addr: big(0),
  ether_type: big(16),
  inet_proto: big(8),
  inet_service: big(16),
  nf_proto: host(8),
  mark: host(32),
  ifname: host(128, 'string'),
  iface_index: host(32),
  iface_type: host(16),
  devgroup: host(32),
  realm: host(32),
  classid: host(32),
  pkt_type: host(8),
  uid: host(32),
  gid: host(32),
  cgroupsv2: host(64),
  /** Of `meta time`: nanoseconds since the epoch. */
  absolute_time: host(64),
  /** Of `ct expiration`: milliseconds. */
  time: host(32),
  /** Seconds since midnight, UTC. */
  hour: host(32),
  /** 0 is Sunday. */
  day: host(8),
  tcp_flag: big(8, 'bitmask'),
  dscp: big(6),
  ecn: big(2),
  icmp_type: big(8),
  icmp_code: big(8),
  icmpv6_type: big(8),
  icmpv6_code: big(8),
  icmpx_code: big(8),
  igmp_type: big(8),
  mh_type: big(8),
  arp_op: big(16),
  dccp_pkttype: big(4),
  ct_state: host(32, 'bitmask'),
  ct_status: host(32, 'bitmask'),
  ct_dir: host(8),
  ct_label: host(128, 'bitmask'),
  ct_event: host(32, 'bitmask'),
  fib_addrtype: host(32),
} as const satisfies Readonly<Record<string, DatatypeInfo>>;

export type Datatype = keyof typeof DATATYPES;

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(DATATYPES, name);
}

/** Bits of `ct state` (NF_CT_STATE_BIT(), NF_CT_STATE_UNTRACKED_BIT). */
export const CT_STATE = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;

/** Bits of `ct status` (enum ip_conntrack_status). */
export const CT_STATUS = {
  expected: 1,
  'seen-reply': 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
} as const;

/** Values of `fib … type` (enum in rtnetlink.h). */
export const FIB_TYPE = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;

/** Values of `meta pkttype` (if_packet.h). */
export const PACKET_TYPE = { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 } as const;
