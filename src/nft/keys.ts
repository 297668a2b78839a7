/** Keys of `meta` and `ct` with the datatypes of their values (src/meta.c and src/ct.c of nftables). */
import type { Datatype } from './datatype.ts';

export const META_KEYS = {
  length: { type: 'integer', bits: 32 },
  protocol: { type: 'ether_type', bits: 16 },
  nfproto: { type: 'nf_proto', bits: 8 },
  l4proto: { type: 'inet_proto', bits: 8 },
  priority: { type: 'classid', bits: 32 },
  mark: { type: 'mark', bits: 32 },
  iif: { type: 'iface_index', bits: 32 },
  iifname: { type: 'ifname', bits: 128 },
  iiftype: { type: 'iface_type', bits: 16 },
  iifkind: { type: 'ifname', bits: 128 },
  iifgroup: { type: 'devgroup', bits: 32 },
  oif: { type: 'iface_index', bits: 32 },
  oifname: { type: 'ifname', bits: 128 },
  oiftype: { type: 'iface_type', bits: 16 },
  oifkind: { type: 'ifname', bits: 128 },
  oifgroup: { type: 'devgroup', bits: 32 },
  sdif: { type: 'iface_index', bits: 32 },
  sdifname: { type: 'ifname', bits: 128 },
  skuid: { type: 'uid', bits: 32 },
  skgid: { type: 'gid', bits: 32 },
  nftrace: { type: 'integer', bits: 1 },
  rtclassid: { type: 'realm', bits: 32 },
  secmark: { type: 'integer', bits: 32 },
  ibrname: { type: 'ifname', bits: 128 },
  obrname: { type: 'ifname', bits: 128 },
  ibrpvid: { type: 'integer', bits: 16 },
  ibrvproto: { type: 'ether_type', bits: 16 },
  pkttype: { type: 'pkt_type', bits: 8 },
  cpu: { type: 'integer', bits: 32 },
  cgroup: { type: 'integer', bits: 32 },
  random: { type: 'integer', bits: 32 },
  ipsec: { type: 'boolean', bits: 8 },
  /** Old name of `ipsec`. */
  secpath: { type: 'boolean', bits: 8 },
  time: { type: 'absolute_time', bits: 64 },
  day: { type: 'day', bits: 8 },
  hour: { type: 'hour', bits: 32 },
  /** Only in bridge tables of newer nft. */
  broute: { type: 'integer', bits: 8 },
  ibrhwaddr: { type: 'ether_addr', bits: 48 },
} as const satisfies Readonly<Record<string, KeyInfo>>;

/** `saddr`, `daddr`, `proto-src` and `proto-dst` always have a direction; packets, bytes and avgpkt may, zone may. */
export const CT_KEYS = {
  state: { type: 'ct_state', bits: 32 },
  direction: { type: 'ct_dir', bits: 8 },
  status: { type: 'ct_status', bits: 32 },
  mark: { type: 'mark', bits: 32 },
  secmark: { type: 'integer', bits: 32 },
  expiration: { type: 'time', bits: 32 },
  helper: { type: 'string', bits: 128 },
  l3proto: { type: 'nf_proto', bits: 8 },
  /** As wide as an address of the family. */
  saddr: { type: 'ipv6_addr', bits: 128 },
  daddr: { type: 'ipv6_addr', bits: 128 },
  protocol: { type: 'inet_proto', bits: 8 },
  'proto-src': { type: 'inet_service', bits: 16 },
  'proto-dst': { type: 'inet_service', bits: 16 },
  label: { type: 'ct_label', bits: 128 },
  packets: { type: 'integer', bits: 64 },
  bytes: { type: 'integer', bits: 64 },
  avgpkt: { type: 'integer', bits: 64 },
  zone: { type: 'integer', bits: 16 },
  event: { type: 'ct_event', bits: 32 },
  id: { type: 'integer', bits: 32 },
} as const satisfies Readonly<Record<string, KeyInfo>>;

export interface KeyInfo {
  readonly type: Datatype;
  readonly bits: number;
}

export type MetaKey = keyof typeof META_KEYS;
export type CtKey = keyof typeof CT_KEYS;
