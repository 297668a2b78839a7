/** hash_mac4_kadt(), net/netfilter/ipset/ip_set_hash_mac.c */
import { mac } from '../dimensions/mac.ts';
import type { SetType } from '../type.ts';

export const hashMac: SetType = {
  name: 'hash:mac',
  aliases: ['machash'],
  store: 'hash',
  families: [],
  dimensions: [mac],
  options: [],
};
