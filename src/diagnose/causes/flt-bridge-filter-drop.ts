import { isCapture } from '../../correlate/points.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { type FrameVerdict, type FrameView, judgeFrame } from '../frame-filter.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace, ruleText, whatDied } from '../rule-cause.ts';
import { capital, nameOf } from '../words.ts';

/** The hooks of NFPROTO_BRIDGE; ebtables’ chains are on them at the bridge priorities. */
const page = modelCause({
  id: 'flt-bridge-filter-drop',
  from: ['flt-rule-drop'],
  title: 'A filter of the bridge drops the frame: ebtables or nftables’ bridge family',
  severity: 'error',
  page: () => ({
    symptom:
      'Two machines on one bridge can’t use a service of one another, though ARP and ping work and iptables has nothing.',
    mechanism:
      'Frames that a bridge forwards pass hooks of their own, where ebtables and nftables tables of the bridge family have their chains. iptables sees them only with br_netfilter, and never what ebtables drops before it.',
    check: 'ebtables-save -c; nft list ruleset (table bridge)',
    proof:
      'The frame is on the port it comes in by and not on the one it has to leave by; a rule of ebtables or of a bridge table matches it, and its counter grows.',
    refutation:
      'The frame is seen on the other port; or a rule that accepts it stands before the one that drops.',
    settledBy: ['ebtables-save -c', 'nft list ruleset'],
    repair: 'Delete or narrow that rule, or accept the traffic before it.',
    references: [
      'net/netfilter/nft_chain_filter.c: nft_do_chain_bridge()',
      'net/bridge/netfilter/ebtables.c: ebt_do_table() (ebtables-legacy)',
      'ebtables-nft(8)',
      'nft(8): bridge family',
    ],
  }),
  tell(kase, drop) {
    const { rule } = drop.trace;
    if ((rule?.kind !== 'nft-rule' && rule?.kind !== 'nft-policy') || rule.family !== 'bridge')
      return undefined;
    return {
      title: `the bridge in ${nameOf(kase, drop.namespace)} drops ${whatDied(drop)}: ${rulePlace(drop)}`,
      explanation:
        `${capital(whatDied(drop))} is forwarded by the bridge and meets ${rulePlace(drop)}${ruleText(drop) ? ` ("${ruleText(drop)}")` : ''}, which drops the frame. ` +
        'That is below IP: iptables FORWARD never sees it, and nobody is told.',
      fix: acceptBefore(kase, drop),
    };
  },
});

/** By the model, which runs nftables’ bridge chains; or by the dump of ebtables, which it doesn’t. */
export const fltBridgeFilterDrop: Cause = { ...page, find: (kase) => page.find?.(kase) ?? byEbtables(kase) };

function byEbtables(kase: Case): Found | undefined {
  if (kase.outcome.status === 'delivered' || kase.hypothetical || !kase.prediction) return undefined;
  for (const direction of ['forward', 'reply'] as const) {
    const trace = direction === 'forward' ? kase.prediction.there : kase.prediction.back;
    for (const hop of trace?.hops ?? []) {
      const netns = netnsOf(kase, hop.namespace);
      const filter = netns?.frameFilters?.find(({ tool }) => tool === 'ebtables');
      if (!filter || !hop.steps.some(({ kind }) => kind === 'bridge')) continue;
      for (const chain of ['FORWARD', 'INPUT'] as const) {
        const leaves = hop.physout !== undefined;
        if (leaves !== (chain === 'FORWARD')) continue;
        const frame = frameOf(kase, direction, hop.namespace, hop.physin, hop.physout, hop.in);
        const verdict = frame && judgeFrame(filter, chain, frame);
        if (verdict?.verdict === 'DROP')
          return told(kase, hop.namespace, direction, verdict, hop.physin ?? hop.in);
      }
    }
  }
  return undefined;
}

/** The first packet of that direction as the bridge there has it. */
function frameOf(
  kase: Case,
  direction: 'forward' | 'reply',
  namespace: string,
  physin: string | undefined,
  out: string | undefined,
  device: string | undefined,
): FrameView | undefined {
  const leg = kase.flow.legs.find((candidate) => {
    const point = kase.correlation.points[candidate.point];
    return candidate[direction].packets > 0 && (point?.namespace === namespace || point !== undefined);
  });
  const seen = leg?.[direction].kept[0];
  if (!seen) return undefined;
  const bridge =
    netnsOf(kase, namespace)?.links?.find(({ name }) => name === (physin ?? out))?.master ?? device;
  return {
    kind: typeof seen.source === 'number' ? 'IPv4' : 'IPv6',
    in: physin ?? portOf(kase, namespace, bridge, seen.etherSource),
    out,
    bridge,
    etherSource: seen.etherSource,
    etherDestination: seen.etherDestination,
    source: seen.source,
    destination: seen.destination,
    protocol: kase.flow.protocol,
    sourcePort: seen.sourcePort,
    destinationPort: seen.destinationPort,
  };
}

/** The port behind which the bridge has learned the sender. */
function portOf(
  kase: Case,
  namespace: string,
  bridge: string | undefined,
  mac: number | undefined,
): string | undefined {
  const entry = netnsOf(kase, namespace)?.fdb?.find(
    (candidate) =>
      candidate.mac === mac && !candidate.permanent && (candidate.master === bridge || bridge === undefined),
  );
  return entry?.dev;
}

function told(
  kase: Case,
  namespace: string,
  direction: 'forward' | 'reply',
  { chain, rule, doubtful }: FrameVerdict,
  device: string | undefined,
): Found {
  const where = nameOf(kase, namespace);
  const what = direction === 'forward' ? 'the request' : 'the answer';
  const place = rule ? `ebtables ${chain.name} ("${rule.text}")` : `the policy of ebtables ${chain.name}`;
  const span = rule?.span ?? chain.span;
  const last = kase.flow.legs.findLast((leg) => leg[direction].packets > 0)?.[direction].kept[0];
  const point = last && kase.correlation.points[last.point];
  const counted = rule?.packets;
  const quiet = kase.correlation.points.filter(
    (other) =>
      other.namespace === namespace &&
      isCapture(other) &&
      !kase.flow.legs.some((leg) => leg.point === other.index && leg[direction].packets > 0),
  );
  return {
    confidence: doubtful || counted === 0 ? 0.55 : counted !== undefined && quiet.length > 0 ? 0.94 : 0.85,
    title: `the bridge in ${where} drops ${what}: ${place}`,
    explanation:
      `${capital(what)} is forwarded by the bridge, and ${place} drops the frame${counted ? `; it has counted ${counted} packets` : ''}. ` +
      'That is below IP: iptables FORWARD never sees it, and nobody is told.',
    namespace,
    ...(device !== undefined && { interface: device }),
    group: `${span.path} ${span.line}`,
    status: 'dropped',
    evidence: [
      {
        path: span.path,
        line: span.line,
        text: `${place}${counted === undefined ? '' : ` (counted ${counted} packets)`}`,
      },
      ...(last
        ? [
            seenAt(
              kase,
              last,
              `${describeSighting(last)} on ${point?.namespace}:${point?.interface}, the last place it is seen`,
            ),
          ]
        : []),
      ...quiet.map((other) => ({
        path: other.path,
        text: `none of its ${other.packets} packets is ${what}`,
      })),
    ],
    fix: rule ? [{ namespace, text: `ebtables -D ${chain.name} ${rule.text}` }] : [],
    effect: rule
      ? 'Or put a rule with -j ACCEPT for this traffic before it.'
      : `Accept the traffic in ${chain.name}.`,
  };
}
