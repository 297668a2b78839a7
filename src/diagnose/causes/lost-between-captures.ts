import { ownersOf } from '../../correlate/owner.ts';
import { isCapture, type Point, wasCapturing } from '../../correlate/points.ts';
import { fateOf } from '../../correlate/predict.ts';
import { rootOf } from '../../input/host.ts';
import { formatIp } from '../../net/ip.ts';
import type { Case, Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { gapEvidence } from '../gap-cause.ts';
import { type Unanswered, unanswered } from '../unanswered.ts';
import { nameOf } from '../words.ts';

/** For flows; and for ARP requests and solicitations that nobody answers though somebody has the address, when nothing else says why. */
export const lostBetweenCaptures: Cause = {
  id: 'lost-between-captures',
  title: 'Lost between two capture points',
  severity: 'error',
  page: () => ({
    symptom: 'Seen at one point, never at the next, and nothing known would stop it.',
    mechanism:
      'Something between the two points drops the packet that the dumps don’t show, or the dumps are not of the time of the capture.',
    check: 'Collect what is missing (the report names it), or capture on more interfaces in between',
    proof:
      'The packet leaves the first point, and the next one, which was capturing just then and would have let it through its filter, does not have it. That proves a loss and its segment, never its cause.',
    refutation:
      'tcpdump reports packets dropped by the kernel, the capture filter leaves this packet out, the bridge was captured with -p, or the two captures do not overlap in time; or an answer shows that it did arrive.',
    settledBy: [
      'tcpdump on every interface in between',
      'iptables-save -c',
      'nft list ruleset (all families)',
      'tc -s qdisc; tc -s filter show dev IFACE ingress',
      'ip -s link',
      'nstat -az',
    ],
    repair:
      'There is nothing to repair before the place is known: narrow it down with more captures and with the dumps that the finding names.',
    references: [
      'tcpdump(8): packets dropped by kernel, -p',
      'net/core/dev.c: __netif_receive_skb_core() (captures, then tc and netdev hooks)',
      'net/core/dev.c: dev_queue_xmit_nit()',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.outcome.status === 'rejected' || kase.hypothetical)
      return undefined;
    // What came of a connection that began before the captures arrived: something went back, if only a reset.
    if (kase.outcome.status === 'unknown' && kase.flow.legs.some(({ reply: back }) => back.packets > 0))
      return undefined;
    const reply = kase.outcome.lostAnswer;
    const direction = reply ? 'reply' : 'forward';
    const legs = kase.flow.legs.filter((leg) => leg[direction].packets > 0);
    const last = (reply ? legs[0] : legs.at(-1))?.[direction].kept[0];
    if (!last) return undefined;
    const point = kase.correlation.points[last.point];
    const seenAtPoints = new Set(legs.map((leg) => leg.point));
    const quiet = kase.correlation.points.filter(
      (other) =>
        isCapture(other) &&
        !legs.some((leg) => kase.correlation.points[leg.point]?.input === other.input) &&
        !seenAtPoints.has(other.index) &&
        isOnTheWay(kase, other.index, reply !== undefined) &&
        wasCapturing(other, kase.flow.protocol, last.time) !== 'no',
    );
    const expected = kase.prediction?.checks.find((check) => check.missing);
    // Nobody has to answer it, and no capture misses it where the model expects it: then nothing is known to be lost.
    if (kase.outcome.oneWay && !expected && !reply && kase.prediction) return undefined;
    const missing = kase.topology.missing
      .filter((gap) => gap.namespace === point?.namespace && gap.text.startsWith(`${gap.namespace}: no `))
      .filter(({ dump }) => isOfFamily(dump, kase.flow.family))
      .slice(0, 4);
    const what = reply ? 'the answer' : 'the request';
    const cutOff = endsWith(kase, quiet, last.time);
    const between = quiet.map((other) => `${other.namespace}:${other.interface}`).join(', ');
    const gaps = missing.map((gap) => gap.dump).join(', ');
    return {
      confidence: cutOff ? 0.2 : expected ? 0.5 : quiet.length > 0 ? 0.45 : 0.3,
      ...(cutOff && { severity: 'warning' as const }),
      title:
        quiet.length > 0
          ? `${what} is seen on ${point?.namespace}:${point?.interface} and never on ${between}`
          : `${what} is last seen on ${point?.namespace}:${point?.interface}; what became of it was not captured`,
      explanation:
        `${reply ? 'The answer' : 'The request'} ${describeSighting(last)} is seen on ${point?.interface} and nowhere after it. ` +
        (cutOff
          ? 'The captures hold nothing that is later, so it may have been on its way when they ended. '
          : '') +
        (missing.length > 0
          ? `What would stop it can’t be told without ${gaps} of ${point?.namespace}: forwarding switched off, a rule or policy that drops it, a missing route and reverse path filtering all look the same from outside.`
          : `By everything that was dumped it should have passed. The dumps may be of another moment than the capture, or something they don’t show drops it (tc, XDP, another packet filter).`),
      ...(point && { namespace: point.namespace, interface: point.interface }),
      status: 'no-reply',
      evidence: [
        seenAt(
          kase,
          last,
          `${describeSighting(last)} on ${point?.namespace}:${point?.interface}, the last place it is seen`,
        ),
        ...quiet.map((other) => ({
          path: other.path,
          text: `none of its ${other.packets} packets is ${what} (${formatIp(last.source)} > ${formatIp(last.destination)})`,
        })),
      ],
      fix: [],
      effect:
        missing.length > 0
          ? `Collect ${gaps} of ${point?.namespace} and run again.`
          : 'Capture on every interface in between and run again.',
    };
  },
  survey: (scene) => unanswered(scene).flatMap((gap) => unheard(scene, gap)),
};

/** Seconds that a packet may be on its way. */
const ON_ITS_WAY = 0.1;

/** Nothing on the hosts of those points was captured later: who ended the captures may have ended them before it came. */
function endsWith({ correlation }: Case, quiet: readonly Point[], time: number): boolean {
  const ends = quiet.map(({ namespace }) => {
    const own = correlation.points.filter((point) => rootOf(point.namespace) === rootOf(namespace));
    return Math.max(...own.map(({ last = 0 }) => last));
  });
  return ends.length > 0 && ends.every((end) => end - time < ON_ITS_WAY);
}

/** By the model, where that knows the way to its end: then a capture beside the way says nothing. */
function isOnTheWay({ prediction }: Case, index: number, reply: boolean): boolean {
  if (!prediction || reply || fateOf(prediction.there) !== 'delivered') return true;
  if (prediction.there.assumptions.length > 0) return true;
  return prediction.checks.some(({ points }) => points.some((point) => point.index === index));
}

/** `ip6tables-save` says nothing of IPv4 traffic, nor `iptables-save` of IPv6. */
function isOfFamily(dump: string, family: 4 | 6): boolean {
  if (/^ip6|ip -6/.test(dump)) return family === 6;
  return family === 4 || !/^iptables/.test(dump);
}

function unheard(scene: Scene, gap: Unanswered): Found[] {
  const [owner] = ownersOf(scene.snapshot, gap.target).filter(
    ({ netns, link }) => netns !== gap.sender && link.flags.includes('UP'),
  );
  if (!owner || !gap.exchange || !gap.sender) return [];
  const target = formatIp(gap.target);
  const where = nameOf(scene, owner.netns.name);
  const asker = nameOf(scene, gap.sender.name);
  const wanted = [
    ...(gap.sender.addressesUnknown || gap.sender.links?.every(({ inferred }) => inferred)
      ? [`ip addr of ${asker}`]
      : []),
    ...(owner.netns.addressesUnknown ? [`ip addr of ${where}`] : []),
    ...(owner.netns.sysctls ? [] : [`sysctl -a of ${where}`]),
    ...(owner.netns.frameFilters || owner.netns.nft
      ? []
      : [`arptables-save and nft list ruleset of ${where}`]),
    'bridge -d link show of the host',
  ];
  return [
    {
      confidence: 0.45,
      title: `${asker} asks for ${target} and hears nothing, though ${where} has it`,
      explanation:
        `${where} has ${target} on ${owner.link.name}, which is up, and the request for its link address stays unanswered, so not one packet is sent. By what was dumped it should be answered: a port that does not forward, ` +
        'a filter for such frames, or a setting that nobody dumped keeps request or answer.',
      namespace: gap.sender.name,
      ...(gap.device !== undefined && { interface: gap.device }),
      group: target,
      severity: 'warning',
      status: 'no-reply',
      evidence: gapEvidence(scene, gap),
      fix: [],
      effect: `Collect ${wanted.join(', ')} and run again.`,
    },
  ];
}
