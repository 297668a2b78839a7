import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { ipOf, nameOf } from '../words.ts';

/** fib_props[] of RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT */
export const routeSpecialType = modelCause({
  id: 'route-special-type',
  title: 'A blackhole, unreachable or prohibit route',
  severity: 'error',
  page: () => ({
    symptom: 'Silence (blackhole), "host unreachable", or "packet filtered" though no firewall rule matches.',
    mechanism:
      'Such routes (or ip rules) end the packet in the routing decision: blackhole silently, an unreachable route with ICMP 3/1 and an unreachable rule with 3/0, prohibit with 3/13.',
    check: 'ip route show table all; ip rule; ip route get ADDRESS',
    proof:
      'The lookup ends at such a route or rule. Unreachable gives ICMP 3/1 for a route and 3/0 for a rule, prohibit 3/13, blackhole nothing; a local sender gets EHOSTUNREACH (of a rule ENETUNREACH), EACCES or EINVAL.',
    refutation:
      'The packet on an outgoing interface, a counter of FORWARD that grows with it, or a REJECT rule that does: it sends the same ICMP.',
    settledBy: ['ip route show table all', 'ip rule', 'ip route get ADDRESS from SOURCE iif IFACE'],
    repair: 'Delete the route or rule, or add a longer prefix for what should pass.',
    references: [
      'net/ipv4/fib_semantics.c: fib_props[]',
      'net/ipv4/fib_rules.c: fib4_rule_action()',
      'net/ipv4/route.c: ip_error()',
      'ip-route(8): blackhole, unreachable, prohibit',
    ],
  }),
  tell(kase, drop) {
    const decided = decision(kase, drop);
    const where = nameOf(kase, drop.namespace);
    const { kind, text, evidence, command } = decided;
    const article = kind === 'unreachable' ? 'an' : 'a';
    return {
      title: `${where} has ${article} ${kind} ${decided.what} for ${drop.trace.final.destination}`,
      explanation:
        `Routing ${drop.trace.final.source} > ${drop.trace.final.destination} finds the ${decided.what} "${text}"${decided.via ? `, by way of the rule "${decided.via}"` : ''}. It was put there to stop this traffic: ` +
        (kind === 'blackhole'
          ? 'the packet vanishes without a word.'
          : 'the kernel drops the packet and tells the sender by ICMP.') +
        ' No iptables rule is involved, and FORWARD and OUTPUT are not even asked.',
      route: text,
      status: kind === 'blackhole' ? 'dropped' : 'rejected',
      evidence,
      fix: [{ namespace: drop.namespace, text: `${ipOf(kase)} ${command}` }],
    };
  },
});

interface Decision {
  readonly kind: string;
  readonly what: 'route' | 'rule';
  readonly text: string;
  /** The ip rule that led to the route's table. */
  readonly via?: string;
  readonly evidence: readonly Evidence[];
  readonly command: string;
}

/** The route that was found, and the rule that led to its table; or the rule that decides by itself. */
function decision(kase: Case, drop: ModelDrop): Decision {
  const netns = netnsOf(kase, drop.namespace);
  const rules = (kase.flow.family === 4 ? netns?.rules4 : netns?.rules6) ?? [];
  const step = drop.trace.hops.at(-1)?.steps.findLast((one) => one.kind === 'route');
  const kindOf = (text: string) => /\b(blackhole|unreachable|prohibit)\b/.exec(text)?.[0] ?? 'special';
  if (step?.kind === 'route' && step.route) {
    const leading = rules.find(({ action }) => action.kind === 'lookup' && action.table === step.table);
    const own = leading && !['local', 'main', 'default'].includes(step.table ?? '') ? leading : undefined;
    return {
      kind: kindOf(step.route),
      what: 'route',
      text: step.route,
      ...(own && { via: plain(own.text) }),
      evidence: [
        ...(step.path !== undefined && step.line !== undefined
          ? [{ path: step.path, line: step.line, text: `route ${step.route}` }]
          : []),
        ...(own ? [{ path: own.span.path, line: own.span.line, text: `ip rule ${plain(own.text)}` }] : []),
      ],
      command: `route del ${step.route}`,
    };
  }
  const told = drop.trace.hops.at(-1)?.steps.findLast((one) => one.kind === 'drop');
  const rule = rules.find(
    ({ action, text }) =>
      action.kind !== 'lookup' && action.kind !== 'goto' && told?.kind === 'drop' && told.text.includes(text),
  );
  const text = plain(rule?.text ?? drop.trace.route ?? '');
  return {
    kind: rule ? rule.action.kind : kindOf(told?.kind === 'drop' ? told.text : ''),
    what: 'rule',
    text,
    evidence: rule ? [{ path: rule.span.path, line: rule.span.line, text: `ip rule ${text}` }] : [],
    command: rule ? `rule del pref ${rule.priority}` : `rule del ${text}`,
  };
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
