/** bitmap_port_kadt(), net/netfilter/ipset/ip_set_bitmap_port.c */
import { barePort } from '../dimensions/bare-port.ts';
import type { SetType } from '../type.ts';

export const bitmapPort: SetType = {
  name: 'bitmap:port',
  aliases: ['portmap'],
  store: 'bitmap',
  families: [],
  dimensions: [barePort],
  options: ['range'],
};
