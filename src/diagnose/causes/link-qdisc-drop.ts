import type { Leg } from '../../correlate/flow.ts';
import type { Qdisc } from '../../dump/records.ts';
import { type Case, netnsOf, type Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { nameOf } from '../words.ts';

/** Kinds that hold no packets: filters hang there, or the device has no queue. */
const NO_QUEUE = new Set(['clsact', 'ingress', 'noqueue', 'mq']);

/** qdisc_drop() in the enqueue functions of net/sched: dev_queue_xmit() gets NET_XMIT_DROP. */
export const linkQdiscDrop: Cause = {
  id: 'link-qdisc-drop',
  title: 'A queue of the sending interface is full: its queueing discipline drops',
  severity: 'error',
  page: () => ({
    symptom:
      'Losses under load or in bursts, on one interface, while a slow ping is fine; throughput stays at a round number.',
    mechanism:
      'Packets wait in the queueing discipline of the interface they leave by. A shaper sends no faster than its rate, and what does not fit its queue is dropped, before a capture on that interface sees it. No ICMP; TCP slows down, datagrams are gone.',
    check: 'tc -s qdisc show dev X (dropped, overlimits, backlog)',
    proof:
      'Fewer packets of a flow on the outgoing interface than came in, spread over the flow, and the queue of that interface counts about as many dropped.',
    refutation:
      'The queue’s dropped is 0 or does not grow; or all of the flow’s packets are on the outgoing interface.',
    settledBy: ['tc -s qdisc show', 'tc -s class show dev X'],
    repair:
      'A longer queue (limit) for bursts, a higher rate if there is more bandwidth, fq_codel where queues are to stay short; or send less.',
    references: [
      'net/core/dev.c: __dev_xmit_skb(), drop reasons QDISC_DROP, QDISC_OVERLIMIT, QDISC_CONGESTED',
      'tc(8), tc-tbf(8), tc-fq_codel(8)',
    ],
  }),
  find: lossyFlow,
  survey: (scene) =>
    [...scene.snapshot.namespaces.values()].flatMap((netns) =>
      (netns.qdiscs ?? []).flatMap((qdisc) => (isDropping(qdisc) ? [counted(scene, netns.name, qdisc)] : [])),
    ),
};

function isDropping({ kind, dropped }: Qdisc): boolean {
  return !NO_QUEUE.has(kind) && (dropped ?? 0) > 0;
}

/** A flow of which some packets came to the host and did not leave by the interface with the full queue. */
function lossyFlow(kase: Case): Found | undefined {
  if (kase.hypothetical || !kase.prediction) return undefined;
  for (const direction of ['forward', 'reply'] as const) {
    const trace = direction === 'forward' ? kase.prediction.there : kase.prediction.back;
    for (const tap of trace?.taps ?? []) {
      if (tap.direction !== 'out') continue;
      const qdisc = netnsOf(kase, tap.namespace)?.qdiscs?.find(
        (one) => one.dev === tap.interface && isDropping(one),
      );
      if (!qdisc) continue;
      const at = (leg: Leg, inside: boolean) => {
        const point = kase.correlation.points[leg.point];
        return point?.namespace === tap.namespace && (point.interface === tap.interface) === inside;
      };
      const before = most(
        kase.flow.legs.filter((leg) => at(leg, false)),
        direction,
      );
      const after = most(
        kase.flow.legs.filter((leg) => at(leg, true)),
        direction,
      );
      const looked = kase.correlation.points.some(
        (point) => point.namespace === tap.namespace && point.interface === tap.interface,
      );
      const sent = before?.[direction].packets ?? 0;
      const left = after?.[direction].packets ?? 0;
      if (!looked || !before || sent - left < 1 || sent - left > (qdisc.dropped ?? 0)) continue;
      return lost(kase, { namespace: tap.namespace, qdisc, direction, before, after, sent, left });
    }
  }
  return undefined;
}

function most(legs: readonly Leg[], direction: 'forward' | 'reply'): Leg | undefined {
  return legs.toSorted((one, other) => other[direction].packets - one[direction].packets)[0];
}

function lost(
  kase: Case,
  of: {
    namespace: string;
    qdisc: Qdisc;
    direction: 'forward' | 'reply';
    before: Leg;
    after: Leg | undefined;
    sent: number;
    left: number;
  },
): Found {
  const { namespace, qdisc, direction, before, after, sent, left } = of;
  const where = nameOf(kase, namespace);
  const seen = before[direction].kept[0];
  const out = after?.[direction].kept[0];
  const points = kase.correlation.points;
  const evidence: Evidence[] = [
    ...(seen
      ? [
          seenAt(
            kase,
            seen,
            `${describeSighting(seen)}: ${sent} packets come by ${points[before.point]?.interface}`,
          ),
        ]
      : []),
    ...(out ? [seenAt(kase, out, `${describeSighting(out)}: ${left} of them leave by ${qdisc.dev}`)] : []),
    queueLine(qdisc),
  ];
  return {
    confidence: left > 0 ? 0.92 : 0.75,
    title: `${where} loses ${sent - left} of ${sent} packets in the queue of ${qdisc.dev} (${qdisc.kind})`,
    explanation:
      `${sent} packets of this ${direction === 'forward' ? 'request' : 'answer'} direction come to ${where}, and ${left} leave by ${qdisc.dev}. Its queueing discipline, ${qdisc.kind}${qdisc.options === '' ? '' : ` (${shortened(qdisc.options)})`}, has dropped ${qdisc.dropped}: ` +
      'what arrives faster than it may be sent, and doesn’t fit the queue, is thrown away before the interface.',
    namespace,
    interface: qdisc.dev,
    group: `${namespace} ${qdisc.dev}`,
    status: 'degraded',
    evidence,
    fix: [],
    effect: advice(qdisc),
  };
}

function counted(scene: Scene, namespace: string, qdisc: Qdisc): Found {
  return {
    confidence: 0.5,
    title: `the queue of ${qdisc.dev} in ${nameOf(scene, namespace)} (${qdisc.kind}) has dropped ${qdisc.dropped} packets`,
    explanation:
      `The queueing discipline ${qdisc.kind} of ${qdisc.dev} counts ${qdisc.dropped} dropped packets of ${qdisc.packets ?? 'an unknown number'} sent. The counter runs since the queue was made; whether they are packets that are missed here, ` +
      'no capture shows. Losses of a busy interface are normal.',
    namespace,
    interface: qdisc.dev,
    group: `${namespace} ${qdisc.dev}`,
    severity: 'info',
    status: 'degraded',
    evidence: [queueLine(qdisc)],
    fix: [],
    effect: 'Look whether the counter grows while packets are lost: tc -s qdisc show, twice.',
  };
}

function queueLine({ kind, dev, dropped, overlimits, packets, span }: Qdisc): Evidence {
  return {
    path: span.path,
    line: span.line,
    text: `qdisc ${kind} on ${dev}: ${packets ?? 0} sent, ${dropped} dropped, overlimits ${overlimits ?? 0}`,
  };
}

function shortened(options: string): string {
  return options.replace(/^refcnt \d+ /, '').slice(0, 80);
}

function advice({ dev, kind }: Qdisc): string {
  return kind === 'tbf' || kind === 'pfifo' || kind === 'bfifo'
    ? `A longer queue for bursts, or a higher rate: tc qdisc replace dev ${dev} root ${kind} … limit N.`
    : `More room or a higher rate for that queue: tc qdisc change dev ${dev} ….`;
}
