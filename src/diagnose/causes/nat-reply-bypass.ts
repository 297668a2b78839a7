import type { FlowEnd } from '../../correlate/flow.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, rewrites, seenAt } from '../evidence.ts';
import { dnatStep } from '../refusal.ts';
import { strangerOf } from '../stranger.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const natReplyBypass: Cause = {
  id: 'nat-reply-bypass',
  title: 'The answer goes past the host that translated the request',
  severity: 'error',
  page: () => ({
    symptom:
      'A forwarded port or service address times out for clients that the server can reach by another way; the client resets an answer from the server’s own address.',
    mechanism:
      'DNAT is undone by the host that did it, on the answer. A server whose route to the client doesn’t lead through that host (another default gateway, a second interface, the same network) answers with its own address, and the client knows no connection with it.',
    check:
      'tcpdump at the client: SYN-ACK from the server’s own address, RST; ip route get CLIENT at the server; at the translating host only the requests are seen',
    proof:
      'The translated request is seen going to the server, no answer passes the translating host, and an answer from the server’s own address reaches the client, which resets it.',
    refutation:
      'The answer seen at the translating host: then it is lost or left alone there. Client and server on one of its bridges: nat-hairpin-same-bridge.',
    settledBy: ['ip route (at the server)', 'a capture at the client'],
    repair:
      'Translate the source as well (MASQUERADE towards the server), so that it answers the translating host, or make that host the server’s way to those clients.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_packet()',
      'RFC 3022, section 1',
      'kubernetes/kubernetes#74383',
    ],
  }),
  find(kase) {
    const stranger = strangerOf(kase);
    if (!stranger || stranger.bridge !== undefined) return undefined;
    const { flow, prediction } = kase;
    const { from, answer, reset, translator } = stranger;
    const where = nameOf(kase, translator);
    const server = formatEndpoint(from.address, from.port || undefined);
    const asked = formatEndpoint(flow.server.address, flow.server.port || undefined);
    const rule = dnatStep(kase);
    const rewritten = prediction !== undefined && rewrites(prediction.there).length > 0;
    const target = `-d ${formatIp(from.address)} -p ${protocolName(flow.protocol)} --dport ${from.port}`;
    return {
      confidence: answer ? (reset ? 0.95 : 0.85) : 0.78,
      title: `${server} answers ${formatIp(flow.client.address)} past ${where}, which translated the request`,
      explanation:
        `The client asks ${asked}; ${where} rewrites that to ${server} and sends it on. The server’s way to the client does not lead back through ${where}, so its answer is never translated ` +
        `back: it arrives from ${server}, which the client never asked${reset ? ', and the client resets it' : ''}.`,
      namespace: translator,
      ...(rule?.path !== undefined && rule.line !== undefined
        ? {
            rule: {
              family: flow.family,
              table: rule.table,
              chain: rule.chain,
              number: rule.number,
              text: rule.text,
              path: rule.path,
              line: rule.line,
            },
          }
        : {}),
      status: 'no-reply',
      evidence: [
        ...translated(kase, from),
        ...(answer
          ? [seenAt(kase, answer, `${describeSighting(answer)}: the answer with the server’s own address`)]
          : []),
        ...(reset ? [seenAt(kase, reset, `${describeSighting(reset)}: the client resets it`)] : []),
        ...(rule?.path !== undefined && rule.line !== undefined
          ? [
              {
                path: rule.path,
                line: rule.line,
                text: `nat ${rule.chain} rule ${rule.number}: ${rule.text}`,
              },
            ]
          : []),
      ],
      fix: rewritten
        ? [
            {
              namespace: translator,
              text: `${iptablesOf(kase)} -t nat -A POSTROUTING ${target} -j MASQUERADE`,
            },
          ]
        : [],
      effect: `Or route the server’s answers to ${formatIp(flow.client.address)} through ${where}; then it sees the clients’ own addresses.`,
    };
  },
};

/** The request on its way from the translating host to the server; a RST of the client goes there as well. */
function translated(kase: Case, from: FlowEnd) {
  const seen = kase.flow.legs
    .filter(({ server }) => server.address === from.address)
    .map(({ forward }) => (kase.flow.protocol === PROTOCOL.tcp ? forward.syn : forward.kept[0]))
    .find((sighting) => sighting !== undefined);
  return seen ? [seenAt(kase, seen, `${describeSighting(seen)}: the request, translated`)] : [];
}
