import { netnsOf } from '../case.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const bridgePortFiltered = modelCause({
  id: 'bridge-port-filtered',
  title: 'The bridge keeps two ports apart',
  severity: 'error',
  symptom: 'Some pairs of ports can’t talk, ARP included; the gateway works for both.',
  mechanism:
    'Ports that are isolated exchange no frames with one another, and VLAN filtering drops what is not in a port’s VLANs. This is below ARP and IP, so no firewall rule shows it.',
  check: 'bridge -d link (isolated on); bridge vlan show',
  tell(kase, drop) {
    const links = netnsOf(kase, drop.namespace)?.links ?? [];
    const kept = links.filter((link) => link.port?.isolated || link.kindData?.vlan_filtering);
    if (kept.length === 0) return undefined;
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the bridge in ${where} does not pass frames between these two ports`,
      evidence: kept.slice(0, 3).map(({ name, port, span }) => ({
        path: port?.span.path ?? span.path,
        line: port?.span.line ?? span.line,
        text: port?.isolated ? `${name}: isolated on` : `${name}: vlan_filtering`,
      })),
      explanation: `Both ends are ports of one bridge, and the bridge’s settings keep frames from one to the other: port isolation or VLAN filtering. ARP is stopped as well, so the sender never learns the other’s MAC address.`,
    };
  },
});
