/** bitmap_ip_kadt(), net/netfilter/ipset/ip_set_bitmap_ip.c: a bit for each address, or each network of the netmask, of a range. */
import { ip } from '../dimensions/ip.ts';
import type { SetType } from '../type.ts';

export const bitmapIp: SetType = {
  name: 'bitmap:ip',
  aliases: ['ipmap'],
  store: 'bitmap',
  families: [4],
  dimensions: [ip],
  options: ['range', 'netmask'],
};
