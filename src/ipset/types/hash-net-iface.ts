/** hash_netiface4_kadt(), net/netfilter/ipset/ip_set_hash_netiface.c */
import { iface } from '../dimensions/iface.ts';
import { net } from '../dimensions/net.ts';
import type { SetType } from '../type.ts';

export const hashNetIface: SetType = {
  name: 'hash:net,iface',
  aliases: ['netifacehash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [net, iface],
  options: [],
  nomatch: true,
};
