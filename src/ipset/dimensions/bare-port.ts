/** The port of bitmap:port, of TCP and UDP alike: ip_set_get_ip_port(), net/netfilter/ipset/ip_set_bitmap_port.c. */
import { isUnknown } from '../../base/ternary.ts';
import type { Dimension } from '../dimension.ts';
import { expandPorts, portOfPacket, readPorts, readProtocolPort, TCP, UDP } from './port.ts';

export const barePort: Dimension = {
  name: 'port',
  expected: () => 'a port or a range of ports',
  read(text) {
    // The protocol only helps to find a service's port by its name.
    const ports = text.includes(':') ? readProtocolPort(text) : readPorts(text);
    return (
      ports && { kind: 'port', port: ports.port, ...(ports.last === undefined ? {} : { last: ports.last }) }
    );
  },
  print: (part) =>
    part.kind === 'port' ? `${part.port}${part.last === undefined ? '' : `-${part.last}`}` : '',
  ofPacket(skb, direction) {
    const found = portOfPacket(skb, direction);
    if (found === undefined || isUnknown(found)) return found;
    return found.protocol === TCP || found.protocol === UDP ? { kind: 'port', port: found.port } : undefined;
  },
  key: (part) => (part.kind === 'port' ? String(part.port) : ''),
  expand: expandPorts,
};
