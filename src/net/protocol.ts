/** IP protocol numbers (IANA assigned internet protocol numbers), named as /etc/protocols does. */
export const PROTOCOL = {
  hopopt: 0,
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  sctp: 132,
  'mobility-header': 135,
  udplite: 136,
} as const;

const NAMES = new Map<number, string>(Object.entries(PROTOCOL).map(([name, number]) => [number, name]));

/** The field's short name (`icmpv6` for 58), or the number as text when it has none. */
export function protocolName(protocol: number): string {
  if (protocol === PROTOCOL['ipv6-icmp']) return 'icmpv6';
  return NAMES.get(protocol) ?? String(protocol);
}

/** Does the protocol's header begin with a source and a destination port? */
export function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 33 || protocol === 136;
}
