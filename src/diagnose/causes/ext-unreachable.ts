import { ownersOf } from '../../correlate/owner.ts';
import { fateOf } from '../../correlate/predict.ts';
import { formatIp } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { leavesInwards } from '../exit.ts';

const MEANING: Readonly<Record<number, string>> = {
  0: 'network unreachable: it has no route',
  1: 'host unreachable: nobody answered ARP there',
  2: 'protocol unreachable',
  3: 'port unreachable: nobody listens',
  5: 'source route failed',
  9: 'network administratively prohibited',
  10: 'host administratively prohibited',
  13: 'communication administratively filtered',
};

/** RFC 4443, section 3.1 */
const MEANING6: Readonly<Record<number, string>> = {
  0: 'no route to destination',
  1: 'administratively prohibited',
  2: 'beyond the scope of the source address',
  3: 'address unreachable: no neighbour answered there',
  4: 'port unreachable: nobody listens',
  5: 'source address failed its policy',
  6: 'a reject route',
};

function isTimeExceeded(family: 4 | 6, type: number): boolean {
  return family === 4 ? type === 11 : type === 3;
}

/** No capture of another namespace saw the request: whoever refused it stands beyond all that is known. */
function cameFromOutside(kase: Case): boolean {
  const exit = kase.prediction?.there.namespace;
  const beyond = kase.flow.legs.some((leg) => {
    const point = kase.correlation.points[leg.point];
    const passed = kase.prediction?.there.hops.some((hop) => hop.namespace === point?.namespace);
    return leg.forward.packets > 0 && point !== undefined && !passed;
  });
  // A namespace whose addresses nobody dumped may be the one that answers.
  const unnamed = [...kase.snapshot.namespaces.values()].some(
    (netns) => netns.addressesUnknown || !netns.links?.some((link) => !link.inferred),
  );
  return exit !== undefined && !beyond && !unnamed && !leavesInwards(kase);
}

export const extUnreachable: Cause = {
  id: 'ext-unreachable',
  title: 'A router beyond the host says it is unreachable',
  severity: 'error',
  page: () => ({
    symptom: '"Destination Net Unreachable", "Packet filtered" from an address that is not one of ours.',
    mechanism:
      'A router on the way that has no route, gets no ARP answer or is told to filter drops the packet and says so by ICMP. The source address of the ICMP names it.',
    check: 'The ICMP’s source address; traceroute',
    proof:
      'An ICMP error comes in on the uplink and quotes the packet that left there; its source is the router that refused it.',
    refutation: 'The ICMP’s source is an address of this host.',
    settledBy: ['tcpdump -v icmp or icmp6 on the uplink', 'traceroute -n ADDRESS'],
    repair: 'Ask whoever runs the router that the ICMP names.',
    references: ['RFC 792', 'RFC 1812, section 5.2.7.1', 'RFC 4443'],
  }),
  find(kase) {
    const { error } = kase.outcome;
    if (!error || kase.hypothetical) return undefined;
    if (ownersOf(kase.snapshot, error.from).length > 0) return undefined;
    const there = kase.prediction?.there;
    if (there && fateOf(there) !== 'forwarded' && there.assumptions.length === 0) return undefined;
    const router = formatIp(error.from);
    if (isTimeExceeded(kase.flow.family, error.type)) return undefined;
    const meaning = (kase.flow.family === 4 ? MEANING : MEANING6)[error.code] ?? `code ${error.code}`;
    return {
      confidence:
        kase.prediction && cameFromOutside(kase) && error.from !== kase.flow.server.address ? 0.85 : 0.5,
      title: `${router} says: ${meaning}`,
      explanation:
        `The packet left, and ${router}, which is none of the known namespaces, answers with ICMP type ${error.type} code ${error.code} (${meaning}). ` +
        'The decision was made there, beyond what was dumped; on this side everything worked.',
      status: 'rejected',
      evidence: [
        seenAt(kase, error.sighting, `ICMP ${error.type}/${error.code} ${describeSighting(error.sighting)}`),
      ],
      fix: [],
      effect: `Look at ${router}: its routes, its neighbours and its filters.`,
    };
  },
};
