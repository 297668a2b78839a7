/** hash_netnet4_kadt(), net/netfilter/ipset/ip_set_hash_netnet.c */
import { net } from '../dimensions/net.ts';
import type { SetType } from '../type.ts';

export const hashNetNet: SetType = {
  name: 'hash:net,net',
  aliases: ['netnethash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [net, net],
  options: ['netmask', 'bitmask'],
  nomatch: true,
};
