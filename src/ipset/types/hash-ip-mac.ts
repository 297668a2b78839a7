/** hash_ipmac4_kadt(), net/netfilter/ipset/ip_set_hash_ipmac.c */
import { ip } from '../dimensions/ip.ts';
import { mac } from '../dimensions/mac.ts';
import type { SetType } from '../type.ts';

export const hashIpMac: SetType = {
  name: 'hash:ip,mac',
  aliases: ['ipmachash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip, mac],
  options: [],
};
