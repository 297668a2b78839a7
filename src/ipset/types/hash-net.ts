/** hash_net4_kadt(), net/netfilter/ipset/ip_set_hash_net.c */
import { net } from '../dimensions/net.ts';
import type { SetType } from '../type.ts';

export const hashNet: SetType = {
  name: 'hash:net',
  aliases: ['nethash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [net],
  options: [],
  nomatch: true,
};
