/** An interface's name: hash_netiface4_kadt(), net/netfilter/ipset/ip_set_hash_netiface.c. */
import type { Dimension } from '../dimension.ts';

/** IFNAMSIZ - 1 */
const MAX_NAME = 15;
const PHYSDEV = 'physdev:';

export const iface: Dimension = {
  name: 'iface',
  expected: () => `an interface of at most ${MAX_NAME} characters, or physdev:INTERFACE`,
  read(text) {
    const physdev = text.startsWith(PHYSDEV);
    const name = physdev ? text.slice(PHYSDEV.length) : text;
    return name === '' || name.length > MAX_NAME ? undefined : { kind: 'iface', name, physdev };
  },
  print: (part) => (part.kind === 'iface' ? `${part.physdev ? PHYSDEV : ''}${part.name}` : ''),
  ofPacket(skb, direction) {
    const name = direction === 'src' ? skb.in : skb.out;
    return name === undefined || name === '' ? undefined : { kind: 'iface', name, physdev: false };
  },
  key: (part) => (part.kind === 'iface' && part.physdev ? 'physdev' : ''),
  expand: (part) => [part],
};
