import type { Link } from '../../dump/records.ts';
import { formatIp } from '../../net/ip.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import type { Command } from '../cause.ts';
import type { Evidence } from '../finding.ts';
import { gapCause } from '../gap-cause.ts';
import { nameOf } from '../words.ts';

/** should_deliver() of net/bridge/br_forward.c, br_allowed_ingress() of br_vlan.c */
export const bridgePortFiltered = gapCause({
  id: 'bridge-port-filtered',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'The bridge keeps two ports apart',
  severity: 'error',
  symptom: 'Some pairs of ports can’t talk, ARP included; the gateway works for both.',
  mechanism:
    'Ports that are isolated exchange no frames with one another, and VLAN filtering drops what is not in a port’s VLANs. This is below ARP and IP, so no firewall rule shows it.',
  check: 'bridge -d link (isolated on); bridge vlan show',
  proof:
    'The frame, or the ARP request before it, is on the port it comes in by and on the bridge, and never on the other port; both ports are isolated, or their VLANs have none in common.',
  refutation:
    'A frame of this pair on the port it has to leave by; or only one of the two ports is isolated.',
  settledBy: ['bridge -d link show', 'bridge vlan show'],
  repair:
    'If the two may talk, take one of the ports out of isolation: one that is not isolated reaches every port. With VLAN filtering, give both ports the same VLAN, as PVID where the ends send untagged frames.',
  references: [
    'net/bridge/br_forward.c: should_deliver()',
    'net/bridge/br_vlan.c: br_allowed_ingress(), br_allowed_egress()',
    'bridge(8): isolated, vlan',
  ],
  tell(kase, drop) {
    const isolated = isolatedPair(kase, drop);
    const where = nameOf(kase, drop.namespace);
    if (isolated) {
      const [from, to, namespace] = isolated;
      return {
        title: `${from.name} and ${to.name} are isolated ports of ${from.master} in ${nameOf(kase, namespace)}`,
        explanation: `Both ends are behind ports of ${from.master}, and both ports have "isolated on": the bridge passes no frame from one to the other, ARP included, so the sender never learns the other’s MAC address and gives up with "No route to host". What is not isolated, the bridge itself first of all, reaches both.`,
        namespace,
        interface: from.name,
        evidence: [portLine(from), portLine(to)],
        fix: [switchOff(namespace, from)],
      };
    }
    if (drop.cause !== 'bridge-port-filtered') return undefined;
    const filtering = (netnsOf(kase, drop.namespace)?.links ?? []).filter(
      (link) => link.kindData?.vlan_filtering,
    );
    const text = drop.trace.hops.flatMap(({ steps }) => steps).find((step) => step.kind === 'drop');
    return {
      title: `the bridge in ${where} does not pass frames between these two ports`,
      evidence: filtering.slice(0, 3).map((link) => ({
        path: link.span.path,
        line: link.span.line,
        text: `${link.name}: vlan_filtering`,
      })),
      explanation: `Both ends are behind ports of one bridge, and its settings keep frames from one to the other${text?.kind === 'drop' ? `: ${text.text}` : ''}. ARP is stopped as well, so the sender never learns the other’s MAC address.`,
      effect: 'Give both ports a VLAN in common (bridge vlan add dev PORT vid N pvid untagged).',
    };
  },
});

function portLine(link: Link): Evidence {
  const { path, line } = link.port?.span ?? link.span;
  return { path, line, text: `${link.name}: isolated on` };
}

function switchOff(namespace: string, link: Link): Command {
  return { namespace, text: `bridge link set dev ${link.name} isolated off` };
}

/** The isolated ports of one bridge that lead to sender and receiver, and where the bridge is. */
function isolatedPair(kase: Case, drop: ModelDrop): [Link, Link, string] | undefined {
  const target = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
  const ports = [...kase.snapshot.namespaces.values()].flatMap((netns) =>
    (netns.links ?? [])
      .filter((link) => link.port?.isolated && link.master !== undefined)
      .map((link) => ({ link, netns })),
  );
  const leadsTo = (has: (namespace: string, name: string) => boolean) =>
    ports.find(({ link, netns }) =>
      kase.topology
        .peersOf({ namespace: netns.name, name: link.name })
        .some((peer) => has(peer.namespace, peer.name)),
    );
  const from = leadsTo((namespace) => namespace === drop.namespace);
  const to = leadsTo((namespace, name) =>
    (netnsOf(kase, namespace)?.links ?? []).some(
      (link) => link.name === name && link.addresses.some(({ address }) => formatIp(address) === target),
    ),
  );
  if (!from || !to || from.link === to.link) return undefined;
  if (from.netns !== to.netns || from.link.master !== to.link.master) return undefined;
  return [from.link, to.link, from.netns.name];
}
