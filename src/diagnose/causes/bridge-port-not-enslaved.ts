import { ownersOf } from '../../correlate/owner.ts';
import type { Link } from '../../dump/records.ts';
import { parseIp } from '../../net/ip.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { gapCause } from '../gap-cause.ts';
import type { Told } from '../model-cause.ts';
import { onSubnetOf } from '../neighbourhood.ts';
import { capital, nameOf, outInterface } from '../words.ts';

export const bridgePortNotEnslaved = gapCause({
  id: 'bridge-port-not-enslaved',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'A veth end is not a port of its bridge',
  severity: 'error',
  page: () => ({
    symptom:
      'ARP for the gateway is answered, requests even leave the host, and no answer ever reaches the namespace.',
    mechanism:
      'The host answers ARP on the bare veth as well (it answers for any of its addresses on any interface), so requests get in. Answers are routed to the bridge, where the namespace is not.',
    check: 'bridge link; ip link (no "master" on the veth)',
    proof:
      'Requests are seen on the veth, and on the bridge nothing but the host’s own who-has for the sender, unanswered; "ip link" shows the veth without a master.',
    refutation: 'The veth has the bridge as its master, or the ARP request on the bridge is answered.',
    settledBy: ['ip link show', 'bridge link show'],
    repair:
      'Make the veth a port again: ip link set VETH master BRIDGE. Whatever took it out (networkd, NetworkManager, a typing error in a unit file) has to be told to leave it alone.',
    references: [
      'net/ipv4/arp.c: arp_process() (answers for any local address)',
      'net/bridge/br_if.c: br_add_if()',
      'moby/moby#26492',
    ],
  }),
  tell(kase, drop) {
    const loose = looseEnd(kase, drop);
    if (!loose) return looseSender(kase, drop);
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${loose.link.name} in ${where} is not a port of ${loose.bridge}`,
      explanation: `${capital(where)} looks for ${loose.address} on ${loose.bridge}, and ${loose.link.name}, which leads there, was never made a port of it (or was taken out). ARP on the bridge stays unanswered, so the answer dies there, while requests still come in by the bare interface.`,
      interface: loose.link.name,
      evidence: [
        { path: loose.link.span.path, line: loose.link.span.line, text: `${loose.link.name} has no master` },
      ],
      fix: [{ namespace: drop.namespace, text: `ip link set ${loose.link.name} master ${loose.bridge}` }],
    };
  },
});

/** The veth end in that namespace which leads to the owner of the next hop, and is no port of the bridge it is looked for on. */
function looseEnd(kase: Case, drop: ModelDrop): { link: Link; bridge: string; address: string } | undefined {
  const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
  const ip = parseIp(address);
  const bridge = outInterface(drop.trace);
  if (ip === undefined || bridge === undefined) return undefined;
  for (const { netns, link } of ownersOf(kase.snapshot, ip)) {
    const peer = kase.topology.peerOf({ namespace: netns.name, name: link.name });
    if (peer?.namespace !== drop.namespace) continue;
    const end = netnsOf(kase, peer.namespace)?.links?.find(({ name }) => name === peer.name);
    if (end && end.master === undefined && end.name !== bridge) return { link: end, bridge, address };
  }
  return undefined;
}

/**
 * The sender's own veth end leads to nowhere: no bridge has it, it has no address itself, and a bridge beside it has the sender's
 * subnet. The gateway answers there all the same, neighbours don't.
 */
function looseSender(kase: Case, drop: ModelDrop): Told | undefined {
  const device = outInterface(drop.trace);
  const peer =
    device === undefined ? undefined : kase.topology.peerOf({ namespace: drop.namespace, name: device });
  const netns = peer && netnsOf(kase, peer.namespace);
  const end = netns?.links?.find(({ name }) => name === peer?.name);
  const source = parseIp(drop.trace.final.source);
  if (!netns || !end || end.master !== undefined || source === undefined) return undefined;
  if (end.addresses.some(({ scope }) => scope === 'global')) return undefined;
  const bridge = onSubnetOf(kase, source, drop.namespace).find(
    (station) => station.netns === netns && station.link.kind === 'bridge',
  )?.link;
  if (!bridge) return undefined;
  const where = nameOf(kase, netns.name);
  return {
    title: `${end.name} in ${where} is not a port of ${bridge.name}`,
    explanation: `${capital(nameOf(kase, drop.namespace))} is plugged into ${end.name} of ${where}, and its subnet is on ${bridge.name}, whose port ${end.name} is not. ${capital(where)} answers ARP for its own addresses on the bare interface too, so the gateway seems to be there; whoever is behind the bridge never hears a question, and answers to ${drop.trace.final.source} are looked for on ${bridge.name}.`,
    namespace: netns.name,
    interface: end.name,
    evidence: [{ path: end.span.path, line: end.span.line, text: `${end.name} has no master` }],
    fix: [{ namespace: netns.name, text: `ip link set ${end.name} master ${bridge.name}` }],
  };
}
