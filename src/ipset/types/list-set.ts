/** list_set_kadt(), net/netfilter/ipset/ip_set_list_set.c */
import { member } from '../dimensions/member.ts';
import type { SetType } from '../type.ts';

export const listSet: SetType = {
  name: 'list:set',
  aliases: ['setlist'],
  store: 'list',
  families: [],
  dimensions: [member],
  options: ['size'],
};
