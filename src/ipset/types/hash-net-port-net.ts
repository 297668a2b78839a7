/** hash_netportnet4_kadt(), net/netfilter/ipset/ip_set_hash_netportnet.c */
import { net } from '../dimensions/net.ts';
import { port } from '../dimensions/port.ts';
import type { SetType } from '../type.ts';

export const hashNetPortNet: SetType = {
  name: 'hash:net,port,net',
  aliases: ['netportnethash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [net, port, net],
  options: [],
  nomatch: true,
};
