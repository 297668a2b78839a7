/** hash_ipportip4_kadt(), net/netfilter/ipset/ip_set_hash_ipportip.c */
import { ip } from '../dimensions/ip.ts';
import { port } from '../dimensions/port.ts';
import type { SetType } from '../type.ts';

export const hashIpPortIp: SetType = {
  name: 'hash:ip,port,ip',
  aliases: ['ipportiphash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip, port, ip],
  options: [],
};
