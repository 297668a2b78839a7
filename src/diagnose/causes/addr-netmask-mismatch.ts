import { familyOf, formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { contains, networkOf } from '../../net/prefix.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, netnsOf } from '../case.ts';
import { routeEvidence } from '../evidence.ts';
import { gapCause } from '../gap-cause.ts';
import { type Station, stationsOf } from '../neighbourhood.ts';
import { ipOf, nameOf, prefixText } from '../words.ts';
import { neighbourEvidence } from './neigh-failed.ts';

/** inet_rtm_newaddr() and fib_add_ifaddr(): the prefix length says what counts as the own link. */
export const addrNetmaskMismatch = gapCause({
  id: 'addr-netmask-mismatch',
  from: ['neigh-failed', 'route-netns-no-default'],
  title: 'The two ends of a link disagree about its netmask',
  severity: 'error',
  page: () => ({
    symptom:
      'Some addresses can’t be reached from one machine, "No route to host" or "Network is unreachable"; its neighbours and everything far away work.',
    mechanism:
      'The prefix length of an address decides which addresses are on the link, and are asked for by ARP, and which are sent to the gateway. Too wide: the machine asks its link for addresses that are behind the router. Too narrow: neighbours count as remote.',
    check: 'ip addr of both ends (the numbers behind the slash); ip route get ADDRESS',
    proof:
      'Who-has for an address that is behind a router stays unanswered on the link, and the router has a longer prefix on that link than the one who asks. Or, with too narrow a prefix: a packet for a neighbour has no route or goes to the gateway, and the neighbour’s shorter prefix covers both.',
    refutation:
      'Both ends have the same prefix length; or the owner of the address is on the link and answers.',
    settledBy: ['ip addr show (both ends)', 'ip route show'],
    repair:
      'Give the address the prefix length that the router has: add it with the right one first, then delete the wrong one.',
    references: ['net/ipv4/fib_frontend.c: fib_add_ifaddr()', 'RFC 950', 'ip-address(8)'],
  }),
  tell(kase, drop) {
    const netns = netnsOf(kase, drop.namespace);
    const address = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const target = parseIp(address);
    if (!netns || target === undefined || address !== drop.trace.final.destination) return undefined;
    const wrong = mismatch(kase, netns, target, drop.cause === 'neigh-failed');
    if (!wrong) return undefined;
    const { own, other } = wrong;
    const wide = own.length < other.length;
    const where = nameOf(kase, netns.name);
    const has = prefixText(own.address, own.length);
    const right = prefixText(own.address, other.length);
    const ends = [own, other].flatMap(({ link, address: ip, length }) => {
      const entry = link.addresses.find((candidate) => candidate.address === ip);
      return entry
        ? [{ path: entry.span.path, line: entry.span.line, text: `${link.name}: ${prefixText(ip, length)}` }]
        : [];
    });
    return {
      title: `${where} has /${own.length} on ${own.link.name}, and ${nameOf(kase, other.netns.name)} on the same link has /${other.length}`,
      explanation: wide
        ? `${where}’s address is ${has}, so ${address} counts as a neighbour and is asked for by ARP on ${own.link.name}, where nobody has it. ${nameOf(kase, other.netns.name)}, on the same link, has /${other.length} there: ${address} is behind it.`
        : `${where}’s address is ${has}, so ${address} does not count as a neighbour, and there is no route to it. ${nameOf(kase, other.netns.name)} has /${other.length} on that link, and ${address} is on it.`,
      interface: own.link.name,
      status: 'no-reply',
      evidence: [...ends, ...routeEvidence(drop.trace), ...neighbourEvidence(kase, drop, address)],
      fix: [
        { namespace: netns.name, text: `${ipOf(kase)} addr add ${right} dev ${own.link.name}` },
        { namespace: netns.name, text: `${ipOf(kase)} addr del ${has} dev ${own.link.name}` },
      ],
    };
  },
});

/** An address of the namespace whose subnet has the target, or not, just the other way as at another end of that link. */
function mismatch(
  kase: Case,
  netns: Netns,
  target: Ip,
  asked: boolean,
): { own: Station; other: Station } | undefined {
  const family = familyOf(target);
  const full = family === 4 ? 32 : 128;
  const holds = ({ address, length }: Station) => contains(networkOf(address, length), target);
  for (const own of stationsOf(netns, family)) {
    // A /32 is addr-prefix-32's.
    if (own.length === full || holds(own) !== asked) continue;
    for (const other of onLink(kase, own)) {
      const shared = contains(networkOf(own.address, other.length), other.address);
      if (!shared || other.length === own.length || other.length === full || holds(other) === asked) continue;
      // Too wide is wrong only if the other end is a router that knows where the address really is.
      if (asked && !isBeyond(other, target)) continue;
      return { own, other };
    }
  }
  return undefined;
}

/** Devices with an address on the same link: the other ends, and the bridges they are ports of. */
function onLink(kase: Case, { netns, link }: Station): Station[] {
  const peers = kase.topology.peersOf({ namespace: netns.name, name: link.name });
  return peers.flatMap((peer) => {
    const near = netnsOf(kase, peer.namespace);
    const end = near?.links?.find(({ name }) => name === peer.name);
    const holder = end?.master ?? end?.name;
    if (!near) return [];
    return ([4, 6] as const).flatMap((family) =>
      stationsOf(near, family).filter((station) => station.link.name === holder),
    );
  });
}

function isBeyond({ netns, link }: Station, target: Ip): boolean {
  const routes = (familyOf(target) === 4 ? netns.routes4 : netns.routes6)?.routes ?? [];
  const own = (netns.links ?? []).some(
    (other) =>
      other.name !== link.name &&
      other.addresses.some(({ address }) => formatIp(address) === formatIp(target)),
  );
  const found = routes
    .filter((route) => route.type === 'unicast' && contains(route.destination, target))
    .toSorted((left, right) => right.destination.length - left.destination.length)[0];
  return own || (found?.nexthops.every(({ dev }) => dev !== link.name) ?? false);
}
