/** hash_ipmark4_kadt(), net/netfilter/ipset/ip_set_hash_ipmark.c */
import { ip } from '../dimensions/ip.ts';
import { mark } from '../dimensions/mark.ts';
import type { SetType } from '../type.ts';

export const hashIpMark: SetType = {
  name: 'hash:ip,mark',
  aliases: ['ipmarkhash'],
  store: 'hash',
  families: [4, 6],
  dimensions: [ip, mark],
  options: ['markmask'],
};
