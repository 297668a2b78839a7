/** hash_ip4_kadt(), net/netfilter/ipset/ip_set_hash_ip.c */
import { ip } from '../dimensions/ip.ts';
import type { SetType } from '../type.ts';

export const hashIp: SetType = {
  name: 'hash:ip',
  aliases: ['iphash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip],
  options: ['netmask', 'bitmask'],
  refusesZero: true,
};
