import type { Sighting } from '../../correlate/flow.ts';
import { predict } from '../../correlate/predict.ts';
import { formatEndpoint, formatIp, parseIp } from '../../net/ip.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import {
  assumedIn,
  findingRuleOf,
  natPlace,
  ruleLine,
  type Translation,
  translationIn,
} from '../remembered.ts';
import { legsTo } from '../server-legs.ts';
import { iptablesOf, nameOf } from '../words.ts';

/** nf_nat_l4proto_unique_tuple(), net/netfilter/nf_nat_core.c; nf_conntrack_confirm() drops what found no free tuple. */
const page = modelCause({
  id: 'nat-snat-ports-exhausted',
  title: 'No port is left for the translation',
  severity: 'error',
  page: () => ({
    symptom:
      'Some connections to one destination time out, now and then, under load; other destinations work.',
    mechanism:
      'SNAT needs a source port that no other connection to the same destination uses. When all that the rule allows are taken, the packet gets a tuple that is in use already, and is dropped when its connection is to be confirmed, behind POSTROUTING.',
    check:
      'conntrack -S (insert_failed and drop grow); conntrack -L -d DESTINATION | wc -l against the ports of the rule',
    proof:
      'Connections to the destination hold every port of the rule’s range (conntrack -L), and the SYN is seen coming in and not going out; conntrack -S counts insert_failed and drop.',
    refutation: 'A free port in the range at that time; the SYN seen on its way out.',
    settledBy: ['conntrack -L', 'conntrack -S', 'iptables-save -c'],
    repair:
      'Allow more ports or more addresses (--to-source A-B), keep and reuse connections, and shorten nf_conntrack_tcp_timeout_time_wait where closed ones hold the ports.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_l4proto_unique_tuple()',
      'net/netfilter/nf_conntrack_core.c: __nf_conntrack_confirm(), insert_failed',
      'flannel-io/flannel#1004',
      'kubernetes/kubernetes#76699',
    ],
  }),
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} finds no free port to translate it to`,
      explanation:
        'The SNAT rule allows only few ports, and for this destination all are taken by other connections, so the packet is dropped behind nat POSTROUTING.',
      effect: 'Allow more ports or addresses, or keep and reuse connections.',
    };
  },
});

/** Who holds the ports only the connections of the dump tell: the packet is sent again among them. */
export const natSnatPortsExhausted: Cause = {
  ...page,
  find(kase) {
    return page.find?.(kase) ?? amongOthers(kase);
  },
};

function amongOthers(kase: Case): Found | undefined {
  const { prediction, hypothetical, outcome, flow } = kase;
  if (!prediction || hypothetical || outcome.status !== 'no-reply') return undefined;
  for (const { namespace } of prediction.there.hops) {
    const translation = translationIn(kase, namespace, 'src');
    if (!translation || wentOn(kase, translation)) continue;
    const holders = holdersOf(kase, namespace, translation);
    const [low, high] = portsOf(translation.rule.text) ?? [];
    const size = low === undefined || high === undefined ? 65_536 : high - low + 1;
    const dumped = netnsOf(kase, namespace)?.conntrack !== undefined;
    const refused =
      dumped &&
      predict(kase.predictor, flow, { remembered: true })?.there.cause === 'nat-snat-ports-exhausted';
    const taken = portsSeen(kase, translation);
    // Without the table: as many ports as the rule has were seen in use at that time.
    if (!refused && (dumped || taken.length < size)) continue;
    const where = nameOf(kase, namespace);
    const target = formatEndpoint(flow.server.address, flow.server.port);
    const range =
      low === undefined ? 'every port it may use' : low === high ? `port ${low}` : `ports ${low} to ${high}`;
    return {
      confidence: (refused ? 0.95 : 0.57) - assumedIn(kase, namespace),
      title: `${where} has no free port left to translate a connection to ${target}: all ${size} are taken`,
      explanation:
        `The rule (${natPlace(translation.rule)}) lets ${where} translate to ${range}, and to ${target} each port serves one connection at a time. ` +
        (refused
          ? `By conntrack’s table ${holders.length} others hold them all, so the SYN gets a tuple that is in use and is dropped before it leaves.`
          : `Connections with all of them were seen at the same time; conntrack -L in ${where} would show who holds them.`),
      namespace,
      rule: findingRuleOf(kase, translation),
      status: 'dropped',
      evidence: [
        ...ruleLine(translation),
        ...holders.slice(0, 4),
        ...(refused ? [] : taken.slice(0, 4)),
        ...quietExit(kase, namespace),
        ...counterEvidence(
          kase,
          namespace,
          'conntrack insert_failed',
          'connections that could not be entered',
        ),
        ...counterEvidence(
          kase,
          namespace,
          'conntrack drop',
          'packets dropped for want of a conntrack entry',
        ),
      ],
      fix: refused ? widened(kase, namespace, translation) : [],
      ...(refused && { remembered: true as const }),
      effect: 'Or more addresses (--to-source FIRST-LAST), or fewer connections that live longer.',
    };
  }
  return undefined;
}

/** `--to-source ADDRESS:LOW-HIGH`, `--to-ports LOW-HIGH`; `masquerade to :LOW-HIGH`, `snat to ADDRESS:LOW-HIGH`. */
function portsOf(rule: string): [number, number] | undefined {
  const match = /(?:--to-(?:source \S*?:|ports )|\bto \S*?:)(\d+)(?:-(\d+))?(?:\s|$)/.exec(rule);
  return match ? [Number(match[1]), Number(match[2] ?? match[1])] : undefined;
}

const addressOf = (to: string) => to.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

/** The flow itself was seen translated: it has its port. */
function wentOn({ flow }: Case, { to }: Translation): boolean {
  return flow.legs.some(
    ({ client, forward }) => forward.packets > 0 && formatIp(client.address) === addressOf(to),
  );
}

function holdersOf(kase: Case, namespace: string, { to }: Translation): Evidence[] {
  const { flow } = kase;
  return (netnsOf(kase, namespace)?.conntrack ?? [])
    .filter(
      ({ entry: { reply, srcNat } }) =>
        srcNat &&
        reply.protocol === flow.protocol &&
        reply.source === flow.server.address &&
        reply.sourcePort === flow.server.port &&
        formatIp(reply.destination) === addressOf(to),
    )
    .map(({ entry, span }) => ({
      path: span.path,
      line: span.line,
      text: `port ${entry.reply.destinationPort} belongs to ${formatEndpoint(entry.original.source, entry.original.sourcePort)}${entry.tcpState ? ` (${entry.tcpState})` : ''}`,
    }));
}

/** Translated connections to that destination which were open when this one tried. */
function portsSeen(kase: Case, { to }: Translation): Evidence[] {
  const { flow, correlation } = kase;
  const address = parseIp(addressOf(to));
  const seen = new Map<number, Sighting>();
  for (const { flow: other, leg } of legsTo(correlation, flow.protocol, flow.server)) {
    if (other.start > flow.end || other.end < flow.start || leg.client.address !== address) continue;
    const [first] = leg.forward.kept;
    if (first) seen.set(leg.client.port, first);
  }
  return [...seen].map(([port, first]) =>
    seenAt(kase, first, `${describeSighting(first)}: port ${port} is in use`),
  );
}

/** Captures where it came in and where it didn't leave. */
function quietExit(kase: Case, namespace: string): Evidence[] {
  const leg = kase.flow.legs.findLast(({ forward }) => forward.packets > 0);
  const seen = leg?.forward.kept[0];
  const exit = kase.prediction?.checks.find(
    ({ tap, missing }) => missing && tap.namespace === namespace && tap.direction === 'out',
  );
  return [
    ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)}: the last place it is seen`)] : []),
    ...(exit?.points ?? []).map((point) => ({
      path: point.path,
      text: `none of its ${point.packets} packets is the request, so it never left by ${exit?.tap.interface}`,
    })),
  ];
}

/** The rule without its limit to certain ports. */
function widened(kase: Case, namespace: string, { rule }: Translation): Command[] {
  const spec = rule.text
    .replace(/^-A \S+ /, '')
    .replace(/(--to-source \S*?):\d+(?:-\d+)?(?=\s|$)/, '$1')
    .replace(/ --to-ports \S+/, '');
  if (rule.kind === 'nft-rule' || rule.text.endsWith(spec)) return [];
  return [
    { namespace, text: `${iptablesOf(kase, rule.path)} -t nat -R ${rule.chain} ${rule.number} ${spec}` },
  ];
}
