import { ownersOf } from '../../correlate/owner.ts';
import { familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import { isLinkLocal } from '../../netstack/route.ts';
import { type Case, type ModelDrop, netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { dropConfidence } from '../confidence.ts';
import { rewrites, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { routesKnown } from '../neighbourhood.ts';
import { listedPublisherOf, publisherOf } from '../published.ts';
import { staleRule } from '../stale-rule.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { capital, nameOf, outInterface } from '../words.ts';

/** neigh_invalidate(): NUD_FAILED, net/core/neighbour.c */
const page = modelCause({
  id: 'neigh-failed',
  title: 'Nobody answers ARP for the next hop',
  severity: 'error',
  page: () => ({
    symptom:
      '"No route to host" about three seconds after connecting; "Destination Host Unreachable" from the sender’s own address.',
    mechanism:
      'Before a packet can leave by Ethernet the next hop’s MAC address has to be known. Three unanswered requests and the kernel gives up: the neighbour is FAILED, the packet is dropped, and its sender gets ICMP host unreachable.',
    check: 'ip neigh (FAILED, INCOMPLETE); tcpdump arp on the interface',
    proof:
      'Who-has for the next hop three times, a second apart, and no reply; then ICMP 3/1 from the host itself, or EHOSTUNREACH; the neighbour is FAILED or INCOMPLETE.',
    refutation:
      'An ARP reply for the address on the same link, or a packet that left for it after the requests.',
    settledBy: ['ip neigh show', 'ip addr show (of every namespace on that link)', 'docker network inspect'],
    repair:
      'Correct the address where it is configured (DNAT rule, route, client), or bring up whoever should have it.',
    references: [
      'net/core/neighbour.c: neigh_timer_handler(), neigh_invalidate()',
      'net/ipv4/arp.c: arp_error_report()',
      'arp(7)',
      'moby/moby#10354',
    ],
  }),
  tell(kase, drop) {
    const nexthop = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const device = outInterface(drop.trace);
    if (wentOut(kase, drop, device) || kase.outcome.refusal?.tcpFlags !== undefined) return undefined;
    const where = nameOf(kase, drop.namespace);
    const translated =
      drop.direction === 'forward' && rewrites(drop.trace).some(({ manip }) => manip === 'dst');
    const container = kase.snapshot.docker.containers.some((candidate) =>
      candidate.endpoints.some(
        (endpoint) => endpoint.address !== undefined && formatIp(endpoint.address) === nexthop,
      ),
    );
    const heard = isHeard(kase, parseIp(nexthop));
    const stale = translated ? staleRule(kase, drop) : undefined;
    return {
      ...(heard && { confidence: Math.min(dropConfidence(kase, drop), 0.55) }),
      title: `nobody on ${device ?? 'the link'} answers ARP for ${nexthop}`,
      explanation:
        `${capital(where)} wants to hand the packet to ${nexthop} on ${device ?? 'its interface'} and asks for its MAC address; nobody has that ` +
        'address, so after three requests the entry is FAILED and the packet is dropped with "host unreachable". ' +
        (translated
          ? `The destination was rewritten to ${drop.trace.final.destination} on the way: ${stale?.text ?? `the DNAT rule points at something that is not there${container ? '' : ' (no container has that address)'}.`}`
          : 'The address is wrong, or whoever had it is gone or not on this link.'),
      evidence: [...(stale?.evidence ?? []), ...neighbourEvidence(kase, drop, nexthop)],
      ...(stale && { fix: stale.fix, rule: stale.rule }),
      effect: translated
        ? (stale?.effect ?? staleAdvice(kase))
        : `Correct the address, or bring up whoever should have ${nexthop}.`,
      status: kase.outcome.error ? 'rejected' : 'dropped',
    };
  },
});

/** Found on the way of a flow, or by ARP that nobody answers though no packet of a flow was ever sent. */
export const neighFailed: Cause = {
  ...page,
  survey(scene) {
    return unanswered(scene)
      .filter((gap) => !isNamed(scene, gap) && !isGateway(gap) && !isThere(scene, gap) && !isCut(gap))
      .map((gap) => surveyed(scene, gap));
  },
};

/** A known namespace has the address and is up: it exists, and other causes say why it does not answer. */
function isThere(scene: Scene, gap: Unanswered): boolean {
  return ownersOf(scene.snapshot, gap.target).some(({ link }) => link.flags.includes('UP'));
}

/** Without carrier no question is sent: that is the link's fault. */
function isCut({ exchange, sender, device }: Unanswered): boolean {
  const link = sender?.links?.find(({ name }) => name === device);
  return !exchange && link !== undefined && (link.flags.includes('NO-CARRIER') || !link.flags.includes('UP'));
}

/** Its own packets were captured: then it is somewhere, though not where it is asked for. */
function isHeard(scene: Scene, address: Ip | undefined): boolean {
  return (
    address !== undefined &&
    scene.correlation.flows.some(
      (flow) => flow.client.address === address && flow.legs.some(({ forward }) => forward.packets > 0),
    )
  );
}

/** An address out of /etc/hosts is dns-order's to explain. */
function isNamed(scene: Scene, gap: Unanswered): boolean {
  return [...scene.snapshot.namespaces.values()].some((netns) =>
    netns.resolver?.hosts?.some((entry) => entry.address === gap.target),
  );
}

/** A gateway that does not exist is route-wrong-gateway's. */
export function isGateway(gap: Unanswered): boolean {
  const routes = [...(gap.sender?.routes4?.routes ?? []), ...(gap.sender?.routes6?.routes ?? [])];
  return routes.some((route) => route.nexthops.some((hop) => hop.gateway === gap.target));
}

function surveyed(scene: Scene, gap: Unanswered): Found {
  const target = formatIp(gap.target);
  const sender = gap.sender
    ? nameOf(scene, gap.sender.name)
    : gap.senderAddress === undefined
      ? 'somebody'
      : formatIp(gap.senderAddress);
  const strange = isOffLink(gap);
  const hidden = [...scene.snapshot.namespaces.values()].find(
    (netns) =>
      netns !== gap.sender &&
      (!netns.links ||
        netns.addressesUnknown ||
        netns.links.every(({ name, inferred }) => inferred || name === 'lo')),
  );
  return {
    confidence:
      gap.sender && gap.exchange && !isHeard(scene, gap.target) && !strange && !hidden ? 0.85 : 0.55,
    title: `nobody answers ${question(gap.target)} for ${target}, which ${sender} asks for`,
    explanation:
      `${capital(sender)} wants to send to ${target} and asks for its MAC address; nobody answers, so the packet never leaves and its sender gets ` +
      '"No route to host". The address is wrong, nobody has it (any more), or its owner is not on this link.',
    ...(gap.sender && { namespace: gap.sender.name }),
    ...(gap.device !== undefined && { interface: gap.device }),
    severity: severityOf(scene, gap),
    status: 'no-reply',
    evidence: neighbourEvidence(scene, { namespace: gap.sender?.name ?? '' }, target),
    fix: [],
    effect: strange
      ? `${target} is in no subnet of ${gap.device}: collect ip route of ${gap.sender?.name}, which tells why it is asked for there.`
      : hidden
        ? `Whether ${hidden.name} has ${target} nobody dumped: collect ip addr there.`
        : `Correct the address that is asked for, or bring up whoever should have ${target}.`,
  };
}

/**
 * No flow is known that failed for it. Every LAN has machines that are off and somebody who asks for them, and a DHCP server asks
 * for addresses that nobody has on purpose; it is a fault where the configuration leads there.
 */
function severityOf(scene: Scene, gap: Unanswered): NonNullable<Found['severity']> {
  if (isLinkLocal(gap.target)) return 'info';
  if (!gap.sender) return isLookingAround(scene, gap) ? 'info' : 'warning';
  return isConfigured(scene, gap.target) ? 'error' : 'warning';
}

/** A rule, a container or a resolv.conf has the address. */
function isConfigured({ snapshot }: Scene, target: Ip): boolean {
  const text = formatIp(target);
  const mentioned = new RegExp(`(^|[^0-9a-f:.])${text.replaceAll('.', '\\.')}([^0-9a-f.]|$)`);
  return (
    snapshot.docker.containers.some(({ endpoints }) => endpoints.some(({ address }) => address === target)) ||
    [...snapshot.namespaces.values()].some(
      ({ resolver, rulesets4 = [], rulesets6 = [] }) =>
        resolver?.nameservers?.some((server) => server.address === target) ||
        [...rulesets4, ...rulesets6].some(({ tables }) =>
          [...tables.values()].some(({ chains }) =>
            [...chains.values()].some(({ rules }) => rules.some((rule) => mentioned.test(rule.text))),
          ),
        ),
    )
  );
}

/** Asks for several addresses that nobody has, one after the other. */
function isLookingAround({ correlation }: Scene, { senderAddress }: Unanswered): boolean {
  const targets = correlation.arp
    .filter(({ sender, replies }) => sender === senderAddress && replies.length === 0)
    .map(({ target }) => target);
  return new Set(targets).size > 2;
}

/** Asked for on a link whose subnets don't have it, by a route that nobody dumped. */
function isOffLink({ sender, device, target }: Unanswered): boolean {
  const family = familyOf(target);
  const link = sender?.links?.find(({ name }) => name === device);
  if (!link || routesKnown(sender, family) || sender?.addressesUnknown) return false;
  return !link.addresses.some(
    ({ address, length }) => familyOf(address) === family && contains(networkOf(address, length), target),
  );
}

/** A frame with the packet was captured where it leaves, so the link address was known. */
function wentOut(kase: Case, drop: ModelDrop, device: string | undefined): boolean {
  if (kase.hypothetical) return false;
  return kase.flow.legs.some((leg) => {
    const point = kase.correlation.points[leg.point];
    return (
      leg[drop.direction].packets > 0 && point?.namespace === drop.namespace && point.interface === device
    );
  });
}

/** A rule that outlived its container, or points past it. */
function staleAdvice(kase: Case): string {
  const stopped = kase.snapshot.docker.containers.find(
    ({ running, published }) =>
      !running && published.some(({ hostPort }) => hostPort === kase.flow.server.port),
  );
  if (stopped)
    return `Container ${stopped.name} publishes this port and is not running: docker start ${stopped.name}, or delete its DNAT rule.`;
  const { listed } = kase.snapshot.docker;
  const publisher = listedPublisherOf(kase);
  if (publisher)
    return `docker ps lists container ${publisher.container.name} as publishing this port: docker inspect ${publisher.container.name} tells which address it has now.`;
  const nobody =
    listed && !publisherOf(kase) ? 'docker ps lists no running container that publishes this port. ' : '';
  return `${nobody}Delete the DNAT rule, or let it lead to where the service is now.`;
}

function question(ip: Ip): string {
  return typeof ip === 'number' ? 'ARP' : 'neighbour discovery';
}

/** The neighbour table's line and the unanswered requests that were captured. */
export function neighbourEvidence(
  kase: Scene,
  drop: Pick<ModelDrop, 'namespace'>,
  nexthop: string,
): Evidence[] {
  const address = parseIp(nexthop);
  const entry = netnsOf(kase, drop.namespace)?.neighbours?.find((candidate) => candidate.address === address);
  const asked = kase.correlation.arp.filter(
    (exchange) => exchange.target === address && exchange.replies.length === 0,
  );
  return [
    ...(entry
      ? [
          {
            path: entry.span.path,
            line: entry.span.line,
            text: `${nexthop} dev ${entry.dev} ${entry.mac === undefined ? '' : formatMac(entry.mac)} ${entry.states.join(',')}`,
          },
        ]
      : []),
    ...asked.flatMap((exchange) =>
      exchange.requests
        .slice(0, 1)
        .map((request) =>
          seenAt(
            kase,
            request,
            `who-has ${nexthop} tell ${formatIp(exchange.sender)}, asked ${exchange.count} times, never answered`,
          ),
        ),
    ),
  ];
}
