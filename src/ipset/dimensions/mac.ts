/** The Ethernet address of the frame as it came in: bitmap_ipmac_kadt(), net/netfilter/ipset/ip_set_bitmap_ipmac.c. */
import { unknown } from '../../base/ternary.ts';
import { formatMac, parseMac } from '../../net/mac.ts';
import type { Dimension } from '../dimension.ts';

export const mac: Dimension = {
  name: 'mac',
  expected: () => 'a MAC address',
  read(text) {
    const address = text.includes('-') ? undefined : parseMac(text);
    return address === undefined ? undefined : { kind: 'mac', mac: address };
  },
  print: (part) => (part.kind === 'mac' ? formatMac(part.mac).toUpperCase() : ''),
  ofPacket(skb, direction) {
    if (skb.local || skb.in === 'lo') return undefined;
    const address = direction === 'src' ? skb.etherSource : skb.etherDestination;
    if (address === undefined) {
      return unknown('the MAC addresses (the capture has no Ethernet header for this packet)');
    }
    return address === 0 ? undefined : { kind: 'mac', mac: address };
  },
  key: (part) => (part.kind === 'mac' ? String(part.mac) : ''),
  expand: (part) => [part],
};
