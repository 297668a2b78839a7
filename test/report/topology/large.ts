/** Topologies of many containers, made as the description that drawings begin with. */
import type { AnalysisTopology } from '../../../src/report/analysis.ts';

type Namespace = AnalysisTopology['namespaces'][number];

/** Containers on bridges in turn, each with an uplink of its host; every seventh is on a second bridge too. */
export function containersOn(bridges: number, containers: number, distinct = false): AnalysisTopology {
  const host: Namespace = {
    name: 'host',
    inferred: false,
    links: [
      { name: 'eth0', index: 2, up: true, addresses: ['203.0.113.9/24'] },
      ...Array.from({ length: bridges }, (_, bridge) => ({
        name: `br-${bridge}`,
        kind: 'bridge',
        up: true,
        addresses: [`10.${bridge}.0.1/16`],
      })),
    ],
    routes: [
      'default via 203.0.113.1 dev eth0',
      '203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.9',
    ],
  };
  const namespaces = Array.from({ length: containers }, (_, index): Namespace => {
    const name = `web-${index}`;
    const on = index % 7 === 3 ? [index % bridges, (index + 1) % bridges] : [index % bridges];
    const links = on.map((bridge, nth) => {
      const device = distinct ? `e${index}n${nth}` : `eth${nth}`;
      host.links.push({
        ...{ name: `veth${index}n${nth}`, kind: 'veth', up: true, master: `br-${bridge}`, addresses: [] },
        peer: { namespace: name, interface: device },
      });
      return {
        ...{ name: device, kind: 'veth', up: true },
        addresses: [`10.${bridge}.${index >> 8}.${(index & 255) + 2}/16`],
        peer: { namespace: 'host', interface: `veth${index}n${nth}` },
      };
    });
    return {
      name,
      container: name,
      inferred: false,
      links,
      routes: [`default via 10.${on[0]}.0.1 dev eth0`],
    };
  });
  return {
    namespaces: [host, ...namespaces],
    captures: [
      { path: 'b/captures/host/eth0.pcap', namespace: 'host', interface: 'eth0', by: 'bundle' },
      { path: 'b/captures/web-5/eth0.pcap', namespace: 'web-5', interface: 'eth0', by: 'bundle' },
    ],
    missing: [],
  };
}
