import { formatIp, parseIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf, outInterface } from '../words.ts';

/** neigh_invalidate(): NUD_FAILED, net/core/neighbour.c */
export const neighFailed = modelCause({
  id: 'neigh-failed',
  title: 'Nobody answers ARP for the next hop',
  severity: 'error',
  symptom: '"No route to host" about three seconds after connecting; "Destination Host Unreachable" from the own address.',
  mechanism:
    'Before a packet can leave by Ethernet the next hop’s MAC address has to be known. Three unanswered requests and the kernel gives up: the neighbour is FAILED, the packet is dropped, and its sender gets ICMP host unreachable.',
  check: 'ip neigh (FAILED, INCOMPLETE); tcpdump arp on the interface',
  tell(kase, drop) {
    const nexthop = drop.trace.hops.at(-1)?.nexthop ?? drop.trace.final.destination;
    const device = outInterface(drop.trace);
    const where = nameOf(kase, drop.namespace);
    const translated = formatIp(kase.flow.server.address) !== drop.trace.final.destination;
    const container = kase.snapshot.docker.containers.some((candidate) =>
      candidate.endpoints.some((endpoint) => endpoint.address !== undefined && formatIp(endpoint.address) === nexthop),
    );
    return {
      title: `nobody on ${device ?? 'the link'} answers ARP for ${nexthop}`,
      explanation:
        `${where[0]?.toUpperCase()}${where.slice(1)} wants to hand the packet to ${nexthop} on ${device ?? 'its interface'} and asks for its MAC address; nobody has that ` +
        'address, so after three requests the entry is FAILED and the packet is dropped with "host unreachable". ' +
        (translated
          ? `The destination was rewritten to ${drop.trace.final.destination} on the way: the DNAT rule points at something that is not there${container ? '' : ' (no container has that address)'}.`
          : 'The address is wrong, or whoever had it is gone or not on this link.'),
      evidence: neighbourEvidence(kase, drop, nexthop),
      status: kase.outcome.error ? 'rejected' : 'dropped',
    };
  },
});

/** The neighbour table's line and the unanswered requests that were captured. */
export function neighbourEvidence(kase: Case, drop: Pick<ModelDrop, 'namespace'>, nexthop: string): Evidence[] {
  const address = parseIp(nexthop);
  const entry = netnsOf(kase, drop.namespace)?.neighbours?.find((candidate) => candidate.address === address);
  const asked = kase.correlation.arp.filter((exchange) => exchange.target === address && exchange.replies.length === 0);
  return [
    ...(entry
      ? [{ path: entry.span.path, line: entry.span.line, text: `${nexthop} dev ${entry.dev} ${entry.mac === undefined ? '' : formatMac(entry.mac)} ${entry.states.join(',')}` }]
      : []),
    ...asked.flatMap((exchange) =>
      exchange.requests
        .slice(0, 1)
        .map((request) => seenAt(kase, request, `who-has ${nexthop} tell ${formatIp(exchange.sender)}, asked ${exchange.count} times, never answered`)),
    ),
  ];
}
