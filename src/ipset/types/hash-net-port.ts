/** hash_netport4_kadt(), net/netfilter/ipset/ip_set_hash_netport.c */
import { net } from '../dimensions/net.ts';
import { port } from '../dimensions/port.ts';
import type { SetType } from '../type.ts';

export const hashNetPort: SetType = {
  name: 'hash:net,port',
  aliases: ['netporthash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [net, port],
  options: [],
  nomatch: true,
};
