import { once } from '../../base/memo.ts';
import { fateOf } from '../../correlate/predict.ts';
import { formatIp, parseIp } from '../../net/ip.ts';
import type { Hop, Step } from '../../netstack/hop.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { predictWith } from '../counterfactual.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { isUplink } from '../filter.ts';
import { findingRuleOf, natPlace, ruleLine } from '../remembered.ts';
import { capital, iptablesOf, nameOf } from '../words.ts';

type RuleStep = Extract<Step, { kind: 'rule' }>;

export const natMasqueradeTooBroad: Cause = {
  id: 'nat-masquerade-too-broad',
  title: 'MASQUERADE also rewrites what was not meant to leave',
  severity: 'warning',
  page: () => ({
    symptom:
      'Services behind the host log its own address as every client’s; allow-lists, rate limits and bans there hit everybody or nobody; traffic into a tunnel has the wrong source.',
    mechanism:
      'A MASQUERADE rule without an outgoing interface applies to everything that is forwarded, also from the uplink inwards and from one inner network to another. The source becomes the host’s address on that side.',
    check:
      'iptables -t nat -S POSTROUTING (no -o); tcpdump on the inner side: the source is the host’s own address',
    proof:
      'A packet that goes inwards is seen with the host’s address as its source, by a rule that names no interface; with the rule limited to the uplink it would arrive with the client’s.',
    refutation:
      'A server that has no route back to the client: then the rule is what lets it answer, and may be intended.',
    settledBy: ['iptables-save -c', 'ip route'],
    repair: 'Limit the rule to the uplink (-o), or to what has to be translated (-s SUBNET ! -d SUBNET).',
    references: [
      'iptables-extensions(8): MASQUERADE',
      'net/netfilter/nf_nat_masquerade.c: nf_nat_masquerade_ipv4()',
    ],
  }),
  /** It fails, and would not with the rule limited. */
  find(kase) {
    if (kase.hypothetical || kase.outcome.status === 'delivered') return undefined;
    const broad = broadRule(kase);
    if (!broad) return undefined;
    const meant = predictWith(kase, [broad.fix]);
    const arrives = meant && ['delivered', 'forwarded'].includes(fateOf(meant.there));
    const dies = kase.prediction && ['dropped', 'rejected'].includes(fateOf(kase.prediction.there));
    if (!arrives || !dies || meant.there.socket?.state === 'none') return undefined;
    return { ...told(kase, broad), confidence: 0.96, severity: 'error', status: 'dropped' };
  },
  /** It works, and the server can't tell its clients apart. */
  also(kase) {
    if (kase.hypothetical || kase.outcome.status !== 'delivered') return [];
    const broad = broadRule(kase);
    return broad && isNeedless(kase, broad)
      ? [{ ...told(kase, broad), confidence: 0.85, status: 'delivered' }]
      : [];
  },
};

/** One answer for each rule and interface: flows of the same kind are many. */
const needless = once((_: Snapshot) => new Map<string, boolean>());

/** Without the rule the answer has to find its way as well; else it is there for that. */
function isNeedless(kase: Case, { fix, out }: Broad): boolean {
  const known = needless(kase.snapshot);
  const key = `${fix.namespace} ${fix.text} ${out}`;
  let answer = known.get(key);
  if (answer === undefined) {
    const back = predictWith(kase, [fix])?.back;
    answer = back !== undefined && ['delivered', 'forwarded'].includes(fateOf(back));
    known.set(key, answer);
  }
  return answer;
}

interface Broad {
  readonly namespace: string;
  readonly out: string;
  readonly rule: RuleStep;
  readonly from: string;
  readonly to: string;
  readonly fix: Command;
}

/** Forwarded by a device without a default route, and masqueraded by a rule that names none. */
function broadRule(kase: Case): Broad | undefined {
  for (const hop of kase.prediction?.there.hops ?? []) {
    const nat = hop.steps.findLast((step) => step.kind === 'nat' && step.manip === 'src');
    const rule = masquerade(hop);
    const out = hop.out;
    if (nat?.kind !== 'nat' || !rule || out === undefined || hop.in === undefined) continue;
    const uplink = uplinkOf(kase, hop.namespace);
    // Back by the way it came is a hairpin, which needs it.
    if (uplink === undefined || isUplink(kase, hop.namespace, out) || isSameNetwork(kase, hop.namespace, out))
      continue;
    const spec = rule.text.replace(/^-A \S+ /, '').replace('-j MASQUERADE', `-o ${uplink} -j MASQUERADE`);
    const text = `${iptablesOf(kase, rule.path)} -t nat -R ${rule.chain} ${rule.number} ${spec}`;
    return {
      namespace: hop.namespace,
      out,
      rule,
      from: nat.from,
      to: nat.to,
      fix: { namespace: hop.namespace, text },
    };
  }
  return undefined;
}

/** Without any condition on where it comes from or leaves: marks, sets and the like are somebody's intention. */
function masquerade(hop: Hop): RuleStep | undefined {
  const step = hop.steps.findLast(
    (each) =>
      each.kind === 'rule' &&
      each.table === 'nat' &&
      each.hook === 'POSTROUTING' &&
      each.target === 'MASQUERADE',
  );
  if (step?.kind !== 'rule') return undefined;
  return /^-A \S+( -p \S+)? -j MASQUERADE( --random(-fully)?)?$/.test(step.text) ? step : undefined;
}

function uplinkOf(kase: Case, namespace: string): string | undefined {
  const netns = netnsOf(kase, namespace);
  const routes = (kase.flow.family === 4 ? netns?.routes4 : netns?.routes6)?.routes ?? [];
  return routes.find(({ destination, type }) => destination.length === 0 && type === 'unicast')?.nexthops[0]
    ?.dev;
}

function isSameNetwork(kase: Case, namespace: string, out: string): boolean {
  const links = netnsOf(kase, namespace)?.links ?? [];
  const port = links.find(({ name }) => name === out);
  const first = kase.prediction?.there.hops.find((hop) => hop.namespace === namespace);
  const into = links.find(({ name }) => name === first?.in);
  return first?.in === out || (into?.master !== undefined && into.master === (port?.master ?? out));
}

function told(
  kase: Case,
  { namespace, out, rule, from, to, fix }: Broad,
): Omit<Found, 'confidence' | 'status'> {
  const where = nameOf(kase, namespace);
  const own = to.replace(/:\d+$/, '');
  const client = from.replace(/:\d+$/, '');
  const translation = { manip: 'src' as const, to, rule };
  const seen = kase.flow.legs.find(
    ({ client: end, forward }) => forward.packets > 0 && formatIp(end.address) === own,
  )?.forward.kept[0];
  return {
    title: `${where} masquerades what goes inwards as well: behind ${out} every client is ${own}`,
    explanation:
      `The rule (${natPlace(rule)}: "${rule.text}") names no outgoing interface, so it also applies to packets from outside that ${where} forwards to ${out}. ` +
      `${capital('the server')} there sees ${own} instead of ${client}, and whatever it decides by its clients’ addresses goes wrong.`,
    namespace,
    interface: out,
    rule: findingRuleOf(kase, translation),
    evidence: [
      ...ruleLine(translation),
      ...(seen && parseIp(own) !== undefined
        ? [seenAt(kase, seen, `${describeSighting(seen)}: with the source of ${where} itself`)]
        : []),
    ],
    fix: [fix],
  };
}
