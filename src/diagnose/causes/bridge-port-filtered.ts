import type { Link } from '../../dump/records.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
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
  page: () => ({
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
  }),
  tell(kase, drop) {
    const isolated = isolatedPair(kase, drop);
    const where = nameOf(kase, drop.namespace);
    if (isolated) {
      const [from, to, namespace, certain] = isolated;
      return {
        ...(!certain && { confidence: 0.55 }),
        title: `${from.name} and ${to.name} are isolated ports of ${from.master} in ${nameOf(kase, namespace)}`,
        explanation: `Both ends are behind ports of ${from.master}, and both ports have "isolated on": the bridge passes no frame from one to the other, ARP included, so the sender never learns the other’s MAC address and gives up with "No route to host". What is not isolated, the bridge itself first of all, reaches both.`,
        ...(!certain && {
          effect: `That what is looked for is behind ${to.name} is a guess: collect ip addr of the namespace behind it.`,
        }),
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

/**
 * The isolated ports of one bridge that lead to sender and receiver, where the bridge is, and whether it is known that the receiver
 * is there: else it is behind one that leads to somebody whom nobody dumped.
 */
function isolatedPair(kase: Case, drop: ModelDrop): [Link, Link, string, boolean] | undefined {
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
  const to =
    learnedPort(kase, target, ports) ??
    leadsTo((namespace, name) =>
      (netnsOf(kase, namespace)?.links ?? []).some(
        (link) => link.name === name && link.addresses.some(({ address }) => formatIp(address) === target),
      ),
    );
  const other =
    to ??
    ports.find(
      ({ link, netns }) =>
        link !== from?.link && kase.topology.peersOf({ namespace: netns.name, name: link.name }).length === 0,
    );
  if (!from || !other || from.link === other.link) return undefined;
  if (from.netns !== other.netns || from.link.master !== other.link.master) return undefined;
  return [from.link, other.link, from.netns.name, to !== undefined];
}

/** The one behind which the bridge has learned the MAC address that some neighbour table has for the target. */
function learnedPort<T extends { link: Link; netns: Netns }>(
  { snapshot }: Case,
  target: string,
  ports: readonly T[],
): T | undefined {
  const ip = parseIp(target);
  const macs = new Set(
    [...snapshot.namespaces.values()].flatMap(({ neighbours = [] }) =>
      neighbours.flatMap(({ address, mac }) => (address === ip && mac !== undefined ? [mac] : [])),
    ),
  );
  return ports.find(({ link, netns }) =>
    netns.fdb?.some(({ mac, dev, permanent }) => dev === link.name && !permanent && macs.has(mac)),
  );
}
