import type { FlowDirection, Leg, Sighting } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { wasCapturing } from '../../correlate/points.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { continuations } from '../continuation.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const ctInvalidLeak: Cause = {
  id: 'ct-invalid-leak',
  title: 'A segment that conntrack calls INVALID passes the translation by',
  severity: 'error',
  symptom:
    'Now and then "connection reset by peer" in the middle of a transfer through NAT; a few packets with private sources on the uplink.',
  mechanism:
    'A segment far outside the window is INVALID to conntrack and is not translated. One that comes in is then addressed to the host itself, whose TCP knows no such connection and answers with a RST that the sender takes seriously. One that goes out leaves with its private source.',
  check:
    'conntrack -S (invalid grows); tcpdump on the uplink: an odd sequence number, and at once a RST from the host with the TTL of its own packets; no rule drops INVALID',
  proof:
    'A RST of the connection leaves the host that was never seen behind it, right after a segment that was not passed on either; its sequence number is that segment’s acknowledgement.',
  refutation:
    'The same RST seen behind the host: then one of the ends sent it. No further packet that is translated, ever: then the entry was lost (nat-entry-lost-midflow).',
  settledBy: ['conntrack -S', 'captures on both sides of the host', 'iptables-save -c'],
  repair:
    'Drop INVALID packets in INPUT and FORWARD; where a device on the way meddles with sequence numbers, net.netfilter.nf_conntrack_tcp_be_liberal = 1 lets them through translated (not RSTs).',
  references: [
    'net/netfilter/nf_conntrack_proto_tcp.c: tcp_in_window()',
    'RFC 9293, section 3.5.2',
    'moby/libnetwork#1090',
    'moby/moby#40374',
    'kubernetes/kubernetes#74839',
    'kubernetes/kubernetes#117924',
  ],
  find(kase) {
    const { flow, hypothetical } = kase;
    if (hypothetical || flow.protocol !== PROTOCOL.tcp || flow.legs.length < 2) return undefined;
    // Nothing was translated any more after that: nat-entry-lost-midflow.
    if (continuations(kase.correlation).has(flow)) return undefined;
    for (const direction of ['forward', 'reply'] as const) {
      const reset = ownReset(kase, direction);
      if (!reset) continue;
      const { outer, rst, provoked, namespace } = reset;
      const where = nameOf(kase, namespace);
      const point = kase.correlation.points[outer.point];
      const matches = provoked?.acknowledgement === rst.sequence;
      return {
        confidence: matches ? 0.93 : 0.7,
        title: `${where} itself resets the connection, in the name of an end that it translates`,
        explanation:
          `The connection works through ${where}’s translation until a segment comes in that conntrack calls INVALID${matches ? ' (its sequence number is far outside the window)' : ''}. It is not translated, so it is ` +
          `for ${where}’s own address, where no socket knows it; ${where} answers with RST. That RST carries what the other side expects next, so it ends the connection there.`,
        namespace,
        ...(point && { interface: point.interface }),
        status: 'degraded',
        evidence: [
          ...(provoked
            ? [
                seenAt(
                  kase,
                  provoked,
                  `${describeSighting(provoked)}: not passed on, sequence number ${provoked.sequence}`,
                ),
              ]
            : []),
          seenAt(kase, rst, `${describeSighting(rst)}: RST of ${where} itself, TTL ${rst.ttl}`),
          ...reset.quiet.map((path) => ({
            path,
            text: 'the RST is not among its packets, nor is the segment before it',
          })),
          ...counterEvidence(kase, namespace, 'conntrack invalid', 'packets that conntrack made nothing of'),
        ],
        fix: dropInvalid(kase, namespace),
        replay: false,
        effect:
          'The segment is then lost and sent again, translated if it is in the window. What makes such segments (a device that rewrites sequence numbers, a second path) is to be found beyond this host.',
      };
    }
    return undefined;
  },
};

function dropInvalid(kase: Case, namespace: string): Command[] {
  const tool = iptablesOf(kase);
  return ['INPUT', 'FORWARD'].map((chain) => ({
    namespace,
    text: `${tool} -I ${chain} -m conntrack --ctstate INVALID -j DROP`,
  }));
}

interface OwnReset {
  readonly outer: Leg;
  readonly rst: Sighting;
  readonly provoked?: Sighting;
  readonly namespace: string;
  /** Captures on the other side of the translation. */
  readonly quiet: readonly string[];
}

/** A RST at one side of the translation, by an address of the translating host, that the other side of it never saw. */
function ownReset(kase: Case, direction: FlowDirection): OwnReset | undefined {
  const { flow, correlation, snapshot } = kase;
  for (const outer of flow.legs) {
    const { rst, provoked } = outer[direction];
    const point = correlation.points[outer.point];
    // A refused connection has no segment to lose.
    const answered = outer.forward.payload > 0 && outer.reply.payload > 0;
    if (!rst || !point || !answered) continue;
    const end = direction === 'forward' ? outer.client : outer.server;
    const inner = flow.legs.filter((leg) => {
      const other = direction === 'forward' ? leg.client : leg.server;
      const at = correlation.points[leg.point];
      return at?.namespace === point.namespace && other.address !== end.address && leg[direction].packets > 0;
    });
    const looked = inner.filter((leg) => {
      const at = correlation.points[leg.point];
      return at && wasCapturing(at, flow.protocol, rst.time) === 'yes';
    });
    if (looked.length === 0 || inner.some((leg) => leg[direction].rst)) continue;
    // Seen beyond the translation, the segment before it was passed on: then an end may have sent the RST.
    const passedOn =
      provoked !== undefined &&
      inner.some((leg) =>
        leg[direction === 'forward' ? 'reply' : 'forward'].kept.some(
          (seen) => seen.sequence === provoked.sequence && seen.time >= provoked.time - 1,
        ),
      );
    const owned = ownersOf(snapshot, end.address).some(({ netns }) => netns.name === point.namespace);
    if (passedOn || !owned) continue;
    return {
      outer,
      rst,
      ...(provoked && { provoked }),
      namespace: point.namespace,
      quiet: looked.map((leg) => correlation.points[leg.point]?.path ?? ''),
    };
  }
  return undefined;
}
