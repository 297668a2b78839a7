import type { FlowDirection, Leg, Sighting } from '../../correlate/flow.ts';
import { ownersOf } from '../../correlate/owner.ts';
import { wasCapturing } from '../../correlate/points.ts';
import { formatIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Case } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { continuations } from '../continuation.ts';
import { counterEvidence, describeSighting, seenAt, sysctlEvidence, ttlText } from '../evidence.ts';
import { type Leak, leakOf } from '../leak.ts';
import { iptablesOf, nameOf } from '../words.ts';

export const ctInvalidLeak: Cause = {
  id: 'ct-invalid-leak',
  title: 'A segment that conntrack calls INVALID passes the translation by',
  severity: 'error',
  page: () => ({
    symptom:
      'Now and then "connection reset by peer" in the middle of a transfer through NAT; a few packets with private sources on the uplink.',
    mechanism:
      'A segment far outside the window is INVALID to conntrack and is not translated. One that comes in is then addressed to the host itself, whose TCP knows no such connection and answers with a RST that the sender takes seriously. One that goes out leaves with its private source.',
    check:
      'conntrack -S (invalid grows); tcpdump on the uplink: an odd sequence number, and at once a RST from the host with the TTL of its own packets; no rule drops INVALID',
    proof:
      'Inbound: a RST of the connection leaves the host that was never seen behind it, right after a segment that was not passed on either; its sequence number is that segment’s acknowledgement. Outbound: on the uplink a segment of a connection that is translated there has its private source, as it came in; it is far outside the window, or the entry was lost and nf_conntrack_tcp_loose is 0.',
    refutation:
      'The same RST seen behind the host: then one of the ends sent it. Translated, but to another port than before: then the entry was lost and made anew (nat-entry-lost-midflow). No packet of the flow was ever translated: then no rule asks for it (nat-masquerade-missing, nat-notrack, nat-rule-after-flow).',
    settledBy: [
      'conntrack -S',
      'captures on both sides of the host',
      'iptables-save -c',
      'sysctl net.netfilter.nf_conntrack_tcp_loose net.netfilter.nf_conntrack_tcp_be_liberal',
    ],
    repair:
      'Drop INVALID packets in INPUT and FORWARD; where a device on the way meddles with sequence numbers, net.netfilter.nf_conntrack_tcp_be_liberal = 1 lets them through translated (not RSTs). Where connections have to outlive their entries (failover, conntrack -F), net.netfilter.nf_conntrack_tcp_loose = 1 makes a new one from the next segment.',
    references: [
      'net/netfilter/nf_conntrack_proto_tcp.c: tcp_in_window()',
      'RFC 9293, section 3.5.2',
      'moby/libnetwork#1090',
      'moby/moby#40374',
      'kubernetes/kubernetes#74839',
      'kubernetes/kubernetes#117924',
    ],
  }),
  find(kase) {
    const { flow, hypothetical } = kase;
    if (hypothetical || flow.protocol !== PROTOCOL.tcp) return undefined;
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
          seenAt(kase, rst, `${describeSighting(rst)}: RST of ${where} itself, ${ttlText(rst)}`),
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
    const leak = leakOf(kase);
    return leak && leaves(kase, leak);
  },
};

const WHY: Readonly<Record<Leak['why'], string>> = {
  window: 'its sequence number is far outside the window',
  loose:
    'conntrack has lost its entry, and with nf_conntrack_tcp_loose = 0 makes none from a segment in the middle of a connection',
  closing: 'the connection is at its end, and its entry closed or gone',
  unknown: 'why, the packets don’t tell',
};

/** The way out: the segment is only not translated. */
function leaves(kase: Case, leak: Leak): Found {
  const { namespace, out, came, before, packets, why } = leak;
  const where = nameOf(kase, namespace);
  const counted = counterEvidence(
    kase,
    namespace,
    'conntrack invalid',
    'packets that conntrack made nothing of',
  );
  const many = packets === 1 ? 'a segment' : `${packets} segments`;
  const lasting = kase.outcome.stalled !== undefined;
  const known = why === 'window' || why === 'loose' || why === 'closing';
  return {
    confidence: !before ? 0.8 : known ? 0.93 : counted.length > 0 ? 0.85 : 0.55,
    title: `${many} of a translated connection ${packets === 1 ? 'leaves' : 'leave'} ${where} by ${leak.interface} with the private source: INVALID to conntrack`,
    explanation:
      `The connection is translated in ${where}, but ${many} of it ${packets === 1 ? 'goes' : 'go'} out of ${leak.interface} as ${packets === 1 ? 'it' : 'they'} came: ${WHY[why]}, so to conntrack ${packets === 1 ? 'it belongs' : 'they belong'} to no connection, and NAT is only asked for packets of one. ` +
      `Nobody outside can answer ${formatIp(out.source)}.${why === 'closing' ? ' The connection is over, so nothing is lost but the cleanliness of the line.' : ''}`,
    namespace,
    interface: leak.interface,
    severity: why === 'closing' ? 'info' : lasting ? 'error' : 'warning',
    status: why === 'closing' ? 'delivered' : 'degraded',
    group: `${namespace} ${leak.interface} ${why}`,
    evidence: [
      ...(before ? [seenAt(kase, before, `${describeSighting(before)}: translated, as it should be`)] : []),
      ...(came
        ? [seenAt(kase, came, `${describeSighting(came)}, sequence number ${came.sequence}: comes in`)]
        : []),
      seenAt(kase, out, `${describeSighting(out)}, sequence number ${out.sequence}: goes out untranslated`),
      ...(why === 'loose' ? sysctlEvidence(kase, namespace, 'net.netfilter.nf_conntrack_tcp_loose') : []),
      ...counted,
    ],
    fix:
      why === 'loose'
        ? [{ namespace, text: 'sysctl -w net.netfilter.nf_conntrack_tcp_loose=1' }]
        : dropInvalid(kase, namespace).filter(({ text }) => / FORWARD /.test(text)),
    replay: false,
    effect:
      why === 'loose'
        ? 'The next segment then makes an entry, and the rules translate it; the connection goes on where that gives it the port it had. What took the entry (a failover, conntrack -F, a timeout) is to be found; two firewalls share their entries with conntrackd.'
        : 'What is INVALID then doesn’t leave at all; a segment that matters is sent again. `conntrack -S` (invalid) and `sysctl -w net.netfilter.nf_conntrack_log_invalid=6` tell how many there are, and why.',
  };
}

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
