/** Protocol names as /etc/protocols has them (IANA protocol numbers), for `-p`. */
import { wordTable } from '../../base/word-table.ts';

const NUMBERS = wordTable<number>({
  icmp: 1,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  st: 5,
  tcp: 6,
  egp: 8,
  igp: 9,
  pup: 12,
  udp: 17,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  dccp: 33,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  skip: 57,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  'ax.25': 93,
  ipip: 94,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  sctp: 132,
  fc: 133,
  'mobility-header': 135,
  udplite: 136,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
  ethernet: 143,
});

const ALIASES = wordTable<number>({
  all: 0,
  ip: 0,
  hopopt: 0,
  ipv4: 4,
  'ip-encap': 4,
  icmpv6: 58,
  icmp6: 58,
  'ipsec-esp': 50,
  'ipsec-ah': 51,
  ospfigp: 89,
  'ipv6-mh': 135,
  mh: 135,
});

const BY_NAME = new Map([...Object.entries(NUMBERS), ...Object.entries(ALIASES)]);
const BY_NUMBER = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));

/** Names compare without case. */
export function protocolNumber(name: string): number | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** As iptables-save prints it after `-p`. */
export function savedProtocol(protocol: number): string {
  return BY_NUMBER.get(protocol) ?? String(protocol);
}
