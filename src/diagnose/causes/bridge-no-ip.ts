import { ownersOf } from '../../correlate/owner.ts';
import type { Link } from '../../dump/records.ts';
import { familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { contains, formatPrefix } from '../../net/prefix.ts';
import type { Trace } from '../../netstack/hop.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { describeSighting, routeEvidence, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { capital, nameOf } from '../words.ts';

const page = modelCause({
  id: 'bridge-no-ip',
  title: 'The bridge has no address',
  severity: 'error',
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
  tell(kase, drop) {
    const links = [...kase.snapshot.namespaces.values()].flatMap((netns) => netns.links ?? []);
    const bare = links.find(isBareBridge);
    if (!bare) return undefined;
    const where = nameOf(kase, drop.namespace);
    return {
      title: `nobody has the gateway’s address: the bridge in ${where} has none`,
      interface: bare.name,
      evidence: [bareEvidence(bare)],
      explanation: `The packet is for an address that the bridge should have, and the bridge has no address. Nobody answers ARP for it, and the host, which has no connected route to that network, sends what is for it by its default route.`,
    };
  },
});

/** Also where the host sends by another device what is for somebody on the bridge, for want of a connected route. */
export const bridgeNoIp: Cause = { ...page, find: (kase) => page.find?.(kase) ?? sentElsewhere(kase) };

function isBareBridge(link: Link): boolean {
  return link.kind === 'bridge' && !link.inferred && link.addresses.every(({ scope }) => scope !== 'global');
}

function bareEvidence(link: Link): Found['evidence'][number] {
  return { path: link.span.path, line: link.span.line, text: `${link.name} has no address` };
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
  if (!bridge || bridge.name === out || !isBareBridge(bridge)) return undefined;
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
      bareEvidence(bridge),
      ...routeEvidence(trace),
    ],
    ...(address !== undefined && {
      fix: [
        { namespace: trace.namespace, text: `ip addr add ${address} dev ${bridge.name}` } satisfies Command,
      ],
    }),
    effect:
      address === undefined
        ? `Give ${bridge.name} the address that its namespaces have as their gateway.`
        : '',
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
