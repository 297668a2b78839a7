/** hash_ipport4_kadt(), net/netfilter/ipset/ip_set_hash_ipport.c */
import { ip } from '../dimensions/ip.ts';
import { port } from '../dimensions/port.ts';
import type { SetType } from '../type.ts';

export const hashIpPort: SetType = {
  name: 'hash:ip,port',
  aliases: ['ipporthash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip, port],
  options: ['netmask', 'bitmask'],
  refusesZero: true,
};
