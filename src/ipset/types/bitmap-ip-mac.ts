/** bitmap_ipmac_kadt(), net/netfilter/ipset/ip_set_bitmap_ipmac.c: an element without a MAC address takes that of the first packet that asks. */
import { ip } from '../dimensions/ip.ts';
import { mac } from '../dimensions/mac.ts';
import type { SetType } from '../type.ts';

export const bitmapIpMac: SetType = {
  name: 'bitmap:ip,mac',
  aliases: ['macipmap'],
  store: 'bitmap',
  families: [4],
  dimensions: [ip, mac],
  optional: 1,
  options: ['range'],
};
