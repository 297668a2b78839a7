import { ownersOf } from '../../correlate/owner.ts';
import type { Link } from '../../dump/records.ts';
import { type Family, familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { contains, formatPrefix } from '../../net/prefix.ts';
import type { Trace } from '../../netstack/hop.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, routeEvidence, seenAt } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { capital, nameOf, outInterface } from '../words.ts';

const page = gapCause({
  id: 'bridge-no-ip',
  from: ['neigh-failed', 'route-wrong-gateway'],
  title: 'The bridge has no address',
  severity: 'error',
  page: () => ({
    symptom:
      'The host can’t reach its namespaces and they can’t reach their gateway, while they reach each other.',
    mechanism:
      'Ports of a bridge talk to each other without any address; the host itself takes part only through an address on the bridge device. Without it there is no connected route, and nobody answers ARP for the gateway.',
    check: 'ip addr show BRIDGE; ip route get ADDRESS',
    proof:
      'ARP for the gateway gets no answer on the bridge; what the host sends to the namespaces leaves by its uplink; the bridge has no address.',
    refutation: 'An ARP reply with the bridge’s MAC for the gateway, or a connected route by the bridge.',
    settledBy: ['ip addr show BRIDGE', 'ip route get ADDRESS'],
    repair: 'Give the bridge the gateway’s address, and keep network managers off it (Unmanaged=yes).',
    references: [
      'net/ipv4/arp.c: arp_process()',
      'net/ipv4/fib_frontend.c: fib_add_ifaddr()',
      'moby/moby#40217',
      'moby/moby#31477',
      'systemd/systemd#28626',
    ],
  }),
  tell(kase, drop) {
    const bare = bareBridge(kase, drop);
    if (!bare || (drop.cause !== 'bridge-no-ip' && !isTheirGateway(kase, drop, bare))) return undefined;
    const { bridge, namespace } = bare;
    const where = nameOf(kase, namespace);
    const address = addressFor(kase, kase.flow.client.address);
    return {
      title: `nobody has the gateway’s address: ${bridge.name} in ${where} has none`,
      namespace,
      interface: bridge.name,
      evidence: [bareEvidence(bridge, kase.flow.family)],
      explanation: `The packet is for an address that ${bridge.name} of ${where} should have, and that bridge has no ${IP[kase.flow.family]} address. Nobody answers ${kase.flow.family === 4 ? 'ARP' : 'neighbour discovery'} for it, and ${where}, which has no connected route to that network, sends what is for it by its default route.`,
      ...given(namespace, bridge, address),
    };
  },
});

/** Also where the host sends by another device what is for somebody on the bridge, for want of a connected route. */
export const bridgeNoIp: Cause = { ...page, find: (kase) => page.find?.(kase) ?? sentElsewhere(kase) };

const IP = { 4: 'IPv4', 6: 'IPv6' } as const;

function isBareBridge(link: Link, family: Family): boolean {
  return (
    link.kind === 'bridge' &&
    !link.inferred &&
    link.addresses.every(({ address, scope }) => scope !== 'global' || familyOf(address) !== family)
  );
}

/** The bridge that the dropped packet’s sender is a port of; where nobody dumped what it is plugged into, any without an address. */
function bareBridge(
  kase: Case,
  drop: ModelDrop,
): { bridge: Link; namespace: string; plugged: boolean } | undefined {
  const { family } = kase.flow;
  const device = outInterface(drop.trace);
  const peer =
    device === undefined ? undefined : kase.topology.peerOf({ namespace: drop.namespace, name: device });
  for (const netns of kase.snapshot.namespaces.values()) {
    const port = netns.links?.find(({ name }) => peer?.namespace === netns.name && name === peer.name);
    const bridge = netns.links?.find(
      (link) => isBareBridge(link, family) && (!peer || link.name === port?.master),
    );
    if (bridge) return { bridge, namespace: netns.name, plugged: peer !== undefined };
  }
  return undefined;
}

/**
 * Not everybody on the bridge is known, and one of them may be the gateway; but where the namespace of the bridge has a way out by
 * a device that is no port of it, and the bridge leads to nothing but veths and taps, it is meant to be that.
 */
function isTheirGateway(
  kase: Case,
  drop: ModelDrop,
  { bridge, namespace, plugged }: NonNullable<ReturnType<typeof bareBridge>>,
): boolean {
  const nexthop = drop.trace.hops.at(-1)?.nexthop;
  const sender = netnsOf(kase, drop.namespace);
  const ways = [...(sender?.routes4?.routes ?? []), ...(sender?.routes6?.routes ?? [])];
  const gateway = parseIp(nexthop ?? '');
  if (!plugged || !ways.some(({ nexthops }) => nexthops.some((hop) => hop.gateway === gateway))) return false;
  const netns = netnsOf(kase, namespace);
  const ports = (netns?.links ?? []).filter(({ master }) => master === bridge.name);
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  const out = routes.find(({ destination }) => destination.length === 0)?.nexthops[0]?.dev;
  return (
    out !== undefined &&
    out !== bridge.name &&
    ports.every(({ name, kind }) => name !== out && (kind === undefined || kind === 'veth' || kind === 'tun'))
  );
}

function bareEvidence(link: Link, family: Family): Found['evidence'][number] {
  const { path, line } = link.span;
  return { path, line, text: `${link.name} has no ${IP[family]} address` };
}

function given(namespace: string, bridge: Link, address: string | undefined): Pick<Found, 'fix' | 'effect'> {
  if (address === undefined)
    return { effect: `Give ${bridge.name} the address that its namespaces have as their gateway.` };
  return { fix: [{ namespace, text: `ip addr add ${address} dev ${bridge.name}` }], effect: '' };
}

function sentElsewhere(kase: Case): Found | undefined {
  const { prediction, outcome } = kase;
  if (!prediction || (outcome.status === 'delivered' && !kase.hypothetical)) return undefined;
  return (
    strayed(kase, prediction.there, 'the request') ??
    (prediction.back && strayed(kase, prediction.back, 'the answer'))
  );
}

function strayed(kase: Case, trace: Trace, what: string): Found | undefined {
  const destination = parseIp(trace.final.destination);
  const out = trace.hops.at(-1)?.out;
  if (destination === undefined || out === undefined) return undefined;
  const bridge = bridgeOf(kase, trace.namespace, destination);
  if (!bridge || bridge.name === out || !isBareBridge(bridge, kase.flow.family)) return undefined;
  // The address is on a port of that very bridge: addr-on-enslaved-port.
  const device = netnsOf(kase, trace.namespace)?.links?.find(({ name }) => name === out);
  if (device?.master === bridge.name) return undefined;
  const where = nameOf(kase, trace.namespace);
  const seen = kase.flow.legs
    .flatMap((leg) => [...leg.forward.kept, ...leg.reply.kept])
    .find(
      (sighting) =>
        sighting.destination === destination && kase.correlation.points[sighting.point]?.interface === out,
    );
  const address = addressFor(kase, destination);
  return {
    // Where it is dropped on that wrong way, no capture can show it there.
    confidence: seen || trace.cause !== undefined ? 0.93 : 0.75,
    title: `${bridge.name} of ${where} has no address: what is for ${formatIp(destination)} leaves by ${out}`,
    explanation:
      `${capital(what)} is for ${formatIp(destination)}, which is behind ${bridge.name}. That bridge has no address, so ${where} has no connected route to the network behind it, ` +
      `and sends ${what} by the next best route, out of ${out}. Nobody answers ARP for the gateway of that network either.`,
    namespace: trace.namespace,
    interface: bridge.name,
    status: 'no-reply',
    evidence: [
      ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)} leaves by ${out}`)] : []),
      bareEvidence(bridge, kase.flow.family),
      ...routeEvidence(trace),
    ],
    ...given(trace.namespace, bridge, address),
  };
}

/** The bridge of that namespace behind which the owner of the address is. */
function bridgeOf(kase: Case, namespace: string, address: Ip): Link | undefined {
  const links = netnsOf(kase, namespace)?.links ?? [];
  for (const { netns, link } of ownersOf(kase.snapshot, address)) {
    const peer = kase.topology.peerOf({ namespace: netns.name, name: link.name });
    const port = links.find(({ name }) => peer?.namespace === namespace && name === peer.name);
    const bridge = links.find(({ name }) => name === port?.master);
    if (bridge) return bridge;
  }
  return undefined;
}

/** `172.17.0.1/16`: the gateway of the address's owner, by its default route or by Docker, with its prefix length. */
function addressFor(kase: Case, address: Ip): string | undefined {
  const [owner] = ownersOf(kase.snapshot, address);
  const own = owner?.link.addresses.find((each) => each.address === address);
  const family = familyOf(address);
  const routes = (family === 4 ? owner?.netns.routes4 : owner?.netns.routes6)?.routes ?? [];
  const gateway = routes.find(({ destination }) => destination.length === 0)?.nexthops[0]?.gateway;
  if (own && gateway !== undefined) return formatPrefix({ address: gateway, length: own.length });
  const network = kase.snapshot.docker.networks
    .flatMap(({ subnets }) => subnets)
    .find(({ subnet }) => contains(subnet, address));
  if (network?.gateway === undefined) return undefined;
  return formatPrefix({ address: network.gateway, length: network.subnet.length });
}
