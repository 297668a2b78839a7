import { once } from '../../base/memo.ts';
import { fateOf, type Prediction } from '../../correlate/predict.ts';
import { PROTOCOL, protocolName } from '../../net/protocol.ts';
import type { DecidingStep } from '../../netstack/hop.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Command, Found } from '../cause.ts';
import { predictWith } from '../counterfactual.ts';
import { describeSighting, findingRule, rewrites, seenAt } from '../evidence.ts';
import { isUplink, userChain } from '../filter.ts';
import { dnatStep } from '../refusal.ts';
import { capital, iptablesOf, nameOf } from '../words.ts';

export const fltUfwBypass: Cause = {
  id: 'flt-ufw-bypass',
  title: 'The port is denied in INPUT, and forwarded packets never meet INPUT',
  severity: 'warning',
  page: () => ({
    symptom: 'A port that "ufw deny" (or the default policy) closes is reachable from outside all the same.',
    mechanism:
      'DNAT in PREROUTING changes the destination before routing, so the packet is forwarded: it passes FORWARD, where Docker or a port forwarding accepts it, and never INPUT, where ufw’s rules for ports stand.',
    check:
      'iptables -t nat -S PREROUTING, -S DOCKER (a DNAT for the port); iptables -L ufw-user-input -nv (its counter stays 0)',
    proof:
      'A connection from outside is seen delivered through DNAT; the same packet without that rule would be dropped by a rule or the policy of INPUT.',
    refutation: 'No DNAT for the port: then the service is the host’s own and INPUT let it in.',
    settledBy: ['iptables-save -c'],
    repair:
      'Deny it where it passes: in DOCKER-USER or FORWARD, by the port that was asked (--ctorigdstport); or publish the port on 127.0.0.1 only.',
    references: [
      'ufw(8): ufw route',
      'iptables-extensions(8): conntrack',
      'moby/moby#4737',
      'docker/for-linux#690',
    ],
  }),
  also(kase) {
    if (kase.hypothetical || kase.outcome.status !== 'delivered') return [];
    const step = dnatStep(kase);
    const hop = kase.prediction?.there.hops.find(({ steps }) => step !== undefined && steps.includes(step));
    if (!step || !hop || step.hook !== 'PREROUTING' || hop.in === undefined) return [];
    if (!hasUfw(kase, hop.namespace) || !isUplink(kase, hop.namespace, hop.in)) return [];
    const tool = iptablesOf(kase, step.path);
    const text = `${tool} -t nat -D ${step.chain} ${step.number}`;
    const denied = denial(kase, { namespace: hop.namespace, text });
    return denied ? [told(kase, hop.namespace, hop.in, denied)] : [];
  },
};

/** One answer for each DNAT rule and port: flows of the same kind are many. */
const denials = once((_: Snapshot) => new Map<string, DecidingStep | undefined>());

function denial(kase: Case, command: Command): DecidingStep | undefined {
  const known = denials(kase.snapshot);
  const { flow } = kase;
  const key = `${command.namespace} ${command.text} ${flow.protocol} ${flow.server.address} ${flow.server.port}`;
  if (!known.has(key)) {
    const without = predictWith(kase, [command]);
    known.set(key, without && deniedBy(without, command.namespace));
  }
  return known.get(key);
}

function hasUfw(kase: Case, namespace: string): boolean {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return rulesets.some((ruleset) =>
    [...(ruleset.tables.get('filter')?.chains.keys() ?? [])].some((name) => /^ufw6?-/.test(name)),
  );
}

function deniedBy({ there }: Prediction, namespace: string): DecidingStep | undefined {
  const ends = fateOf(there) === 'dropped' || fateOf(there) === 'rejected';
  const { rule } = there;
  const inInput = rule?.hook === 'INPUT' || rule?.hook === 'input';
  return ends && inInput && there.namespace === namespace && rewrites(there).length === 0 ? rule : undefined;
}

function told(kase: Case, namespace: string, device: string, denied: DecidingStep): Found {
  const where = nameOf(kase, namespace);
  const { port } = kase.flow.server;
  const rule = findingRule(kase, namespace, denied);
  const policy = denied.kind === 'policy' || denied.kind === 'nft-policy';
  const place = policy ? `the policy of ${rule.chain}` : `${rule.chain} rule ${rule.number}`;
  const step = dnatStep(kase);
  const seen = kase.outcome.answer;
  const protocol = protocolName(kase.flow.protocol);
  const chain = userChain(kase, namespace);
  const hasPorts = kase.flow.protocol === PROTOCOL.tcp || kase.flow.protocol === PROTOCOL.udp;
  return {
    confidence: policy ? 0.85 : 0.95,
    // Closed by default, and forwarded on purpose: that is how published ports work.
    severity: policy ? 'info' : 'warning',
    title: `port ${port} of ${where} answers although ${place} denies it: it is forwarded, past INPUT`,
    explanation: `${capital(where)} would drop a packet for port ${port} by ${place} ("${rule.text}") if it were for ${where} itself. But a DNAT rule${step ? ` (nat ${step.chain} rule ${step.number})` : ''} sends it elsewhere before that is asked, so it is forwarded: it passes FORWARD, which accepts it, and not INPUT.`,
    namespace,
    interface: device,
    rule,
    status: 'delivered',
    evidence: [
      { path: rule.path, line: rule.line, text: `${rule.table} ${rule.chain}: ${rule.text}` },
      ...(step?.path !== undefined && step.line !== undefined
        ? [{ path: step.path, line: step.line, text: `nat ${step.chain} rule ${step.number}: ${step.text}` }]
        : []),
      ...(seen ? [seenAt(kase, seen, `${describeSighting(seen)}: and it is answered`)] : []),
    ],
    fix: hasPorts
      ? [
          {
            namespace,
            text: `${iptablesOf(kase, step?.path)} -I ${chain} -i ${device} -p ${protocol} -m conntrack --ctorigdstport ${port} --ctdir ORIGINAL -j DROP`,
          },
        ]
      : [],
    replay: false,
    effect:
      'It then is closed to the outside, as the rule in INPUT means it. Or publish the port on 127.0.0.1 only.',
  };
}
