/** hash_ipportnet4_kadt(), net/netfilter/ipset/ip_set_hash_ipportnet.c */
import { ip } from '../dimensions/ip.ts';
import { net } from '../dimensions/net.ts';
import { port } from '../dimensions/port.ts';
import type { SetType } from '../type.ts';

export const hashIpPortNet: SetType = {
  name: 'hash:ip,port,net',
  aliases: ['ipportnethash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip, port, net],
  options: [],
  nomatch: true,
};
