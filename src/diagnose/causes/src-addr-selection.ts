import { addTo } from '../../base/group-by.ts';
import { once } from '../../base/memo.ts';
import type { Flow, FlowEnd, LegSide, Sighting } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import type { Correlation } from '../../correlate/scan.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, rewrites, seenAt } from '../evidence.ts';
import { listeners, socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

/** udp_sendmsg() without IP_PKTINFO: the source is the route's, ip_route_output_flow() with saddr 0 */
export const srcAddrSelection: Cause = {
  id: 'src-addr-selection',
  title: 'The answer comes from another address',
  severity: 'error',
  page: () => ({
    symptom:
      'UDP clients ignore the answer, though it arrives: it is from an address they never asked ("reply from unexpected source").',
    mechanism:
      'A UDP server bound to 0.0.0.0 that does not ask which address a datagram was sent to answers from the address that its route to the client prefers. The client’s connected socket, and every NAT on the way, take that for somebody else’s datagram.',
    check:
      'tcpdump at the client: the answer’s source is not the address that was asked, and ICMP port unreachable goes back to it; ss -lun at the server (0.0.0.0)',
    proof:
      'A request goes to one address of a host, and an answer to the same port of the client comes from the same port of another address of that host; the client’s kernel refuses it.',
    refutation:
      'An answer from the address that was asked. A translation on the way: then it was not turned back (nat-hairpin-same-bridge, nat-reply-bypass).',
    settledBy: ['ip addr (at the server)', 'ss -lun (at the server)'],
    repair:
      'Bind the server to the address it is asked by (one socket an address), or let it use IP_PKTINFO; or let clients ask the address that answers.',
    references: [
      'ip(7): IP_PKTINFO',
      'RFC 1122, section 4.1.3.5',
      'moby/moby#11998',
      'moby/moby#15127',
      'moby/libnetwork#1729',
    ],
  }),
  find(kase) {
    const { hypothetical, correlation, flow } = kase;
    if (hypothetical || flow.protocol !== PROTOCOL.udp) return undefined;
    const found = correlation.flows.length > MOST ? undefined : pairOf(kase);
    if (!found) return undefined;
    const { question, asked, answer, from, refused } = found;
    const owner = ownersOf(kase.snapshot, asked).find(({ netns }) =>
      ownersOf(kase.snapshot, from).some((other) => other.netns === netns),
    );
    const socket = listeners(kase, owner?.netns.sockets).find(({ port }) => port === answer.sourcePort);
    // A socket that is bound to the address it is asked by can't be it.
    if (socket && socket.address === asked) return undefined;
    const same = answer.dns && question.dns?.id === answer.dns.id;
    const where = owner ? nameOf(kase, owner.netns.name) : 'the server';
    const confidence = owner ? (refused || same ? 0.95 : 0.85) : refused ? 0.58 : 0.4;
    return {
      confidence,
      title: `${where} is asked at ${formatIp(asked)} and answers from ${formatIp(from)}`,
      explanation:
        `The request goes to ${formatIp(asked)}, port ${question.destinationPort}; the answer comes from ${formatIp(from)}` +
        (owner
          ? `, another address of ${where}: the server’s socket is bound to no address, and the route to the client prefers that one. `
          : '. If both are addresses of one host (ip addr there would tell), its server is bound to no address and answers from the one that its route prefers. ') +
        `The client waits for ${formatIp(asked)}${refused ? ' and its kernel refuses what comes from elsewhere' : ''}.`,
      ...(owner && { namespace: owner.netns.name }),
      group: `${formatIp(asked)} ${formatIp(from)}`,
      status: 'no-reply',
      evidence: [
        seenAt(kase, question, `${describeSighting(question)}: the request`),
        seenAt(kase, answer, `${describeSighting(answer)}: an answer from an address that was not asked`),
        ...(refused ? [seenAt(kase, refused, 'the client says "port unreachable" to that answer')] : []),
        ...(socket ? [socketEvidence(socket)] : []),
      ],
      fix: [],
      effect: `Bind the server to ${formatIp(asked)} as well, by a socket of its own, or let it answer from the address it was asked at (IP_PKTINFO); or let clients ask ${formatIp(from)}.`,
    };
  },
};

/** Among more flows than that the pairs aren't looked for one by one. */
const MOST = 20_000;

interface Pair {
  readonly question: Sighting;
  readonly asked: Ip;
  readonly answer: Sighting;
  readonly from: Ip;
  readonly refused?: Sighting;
}

/** The flow is the question, or the answer that was taken for a flow of its own. */
function pairOf(kase: Case): Pair | undefined {
  const { flow, correlation } = kase;
  for (const other of maybePaired(correlation, flow)) {
    if (other === flow) continue;
    const pair = pairOfTwo(flow, other) ?? pairOfTwo(other, flow);
    // A translation on the way would explain another source as well.
    if (pair) return kase.prediction && rewrites(kase.prediction.there).length > 0 ? undefined : pair;
  }
  return undefined;
}

/** Flows one of which may have asked from an end that the other has as well, in their order. */
function maybePaired(correlation: Correlation, flow: Flow): Iterable<Flow> {
  const { byClient, byLeg } = datagrams(correlation);
  const found = [
    ...(byLeg.get(endKey(flow.client)) ?? []),
    ...endsOf(flow).flatMap((end) => byClient.get(end) ?? []),
  ];
  return found.length < 2 ? found : new Set(found.toSorted((left, right) => left.id - right.id));
}

/** UDP flows by their client's end, and by each end of each of their legs. */
const datagrams = once(({ flows }: Correlation) => {
  const byClient = new Map<string, Flow[]>();
  const byLeg = new Map<string, Flow[]>();
  for (const flow of flows) {
    if (flow.protocol !== PROTOCOL.udp) continue;
    addTo(byClient, endKey(flow.client), flow);
    for (const end of endsOf(flow)) addTo(byLeg, end, flow);
  }
  return { byClient, byLeg };
});

function endsOf({ legs }: Flow): string[] {
  return [...new Set(legs.flatMap(({ client, server }) => [endKey(client), endKey(server)]))];
}

function endKey({ address, port }: FlowEnd): string {
  return `${address} ${port}`;
}

function pairOfTwo(asking: Flow, answering: Flow): Pair | undefined {
  const near = asking.legs[0];
  if (!near || near.forward.packets === 0 || asking.legs.some(({ reply }) => reply.packets > 0))
    return undefined;
  const { client, server } = asking;
  for (const leg of answering.legs) {
    for (const [source, side] of [
      [leg.server, leg.reply],
      [leg.client, leg.forward],
    ] as const) {
      const target = source === leg.server ? leg.client : leg.server;
      const toClient = target.address === client.address && target.port === client.port;
      if (!toClient || source.port !== server.port || source.address === server.address) continue;
      const question = near.forward.kept[0];
      const answer = question && firstAfter(side, question.time);
      // Somebody who was asked as well answers for himself.
      const unasked = answering.legs.every(
        (each) => (source === leg.server ? each.forward : each.reply).packets === 0,
      );
      if (!question || !answer || !unasked) continue;
      const refused = answering.errors.find(({ from }) => from === client.address)?.sighting;
      return { question, asked: server.address, answer, from: source.address, ...(refused && { refused }) };
    }
  }
  return undefined;
}

function firstAfter(side: LegSide, time: number): Sighting | undefined {
  return side.kept.find((seen) => seen.time >= time);
}
