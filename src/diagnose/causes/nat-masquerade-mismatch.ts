import { formatIp } from '../../net/ip.ts';
import { networkOf } from '../../net/prefix.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { leftUntranslated, masquerading, natNearMisses } from '../nat.ts';
import { nameOf } from '../words.ts';

export const natMasqueradeMismatch: Cause = {
  id: 'nat-masquerade-mismatch',
  title: 'A MASQUERADE rule is there and does not match',
  severity: 'error',
  page: () => ({
    symptom: 'As without MASQUERADE, though the rule is in place; its counter stays at zero.',
    mechanism:
      'A NAT rule that names another subnet, another interface, or that stands behind a RETURN or ACCEPT, is not reached or does not match, and the packet leaves as it is.',
    check: 'iptables -t nat -L POSTROUTING -nv (the rule’s counter stays 0)',
    proof:
      'The packet is on the uplink with its private source, and the rule, compared with it, fails in one condition or stands behind the rule that ended the chain; its counter stays at 0.',
    refutation:
      'A translated source on the uplink, or an answer to the private one. If the rule fits, the connection may be older than it or untracked: conntrack shows both.',
    settledBy: [
      'iptables-save -t nat -c',
      'conntrack -L -s ADDRESS',
      'ip route get ADDRESS (the interface it leaves by)',
    ],
    repair:
      'Correct subnet or interface of the rule, or move it in front of the one that ends the chain; then delete the old conntrack entries.',
    references: [
      'net/netfilter/nf_nat_core.c: nf_nat_inet_fn()',
      'net/netfilter/nf_nat_masquerade.c: nf_nat_masquerade_ipv4()',
      'iptables-extensions(8): MASQUERADE',
    ],
  }),
  find(kase) {
    const left = leftUntranslated(kase);
    if (!left) return undefined;
    const [miss] = natNearMisses(kase, left);
    if (!miss) return undefined;
    const source = formatIp(left.source);
    const where = nameOf(kase, left.namespace);
    const subnet = left.subnet ?? networkOf(left.source, kase.flow.family === 4 ? 24 : 64);
    return {
      // What is left out on purpose is to be answered without translation; why it isn’t, the other side would tell.
      confidence: miss.exempted ? 0.55 : left.seen ? 0.93 : 0.78,
      title: `${where}’s ${miss.target} rule does not match ${source}: ${miss.why}`,
      explanation:
        `The packet leaves ${left.out} with its private source ${source}. There is a ${miss.target} rule (${miss.rule.table} ${miss.rule.chain} rule ${miss.rule.number}), but it ` +
        `does not apply to this packet: ${miss.why}. So the packet is not translated, and the answer to ${source} has nowhere to go.`,
      namespace: left.namespace,
      interface: left.out,
      group: `${left.out} ${left.inside ?? ''}`,
      rule: miss.rule,
      status: 'no-reply',
      evidence: [
        ...(left.seen
          ? [
              seenAt(
                kase,
                left.seen,
                `${describeSighting(left.seen)} leaves ${left.out} with its private source`,
              ),
            ]
          : []),
        {
          path: miss.rule.path,
          line: miss.rule.line,
          text: `${miss.rule.table} ${miss.rule.chain} rule ${miss.rule.number}: ${miss.rule.text}`,
        },
        ...left.silence,
      ],
      fix: [masquerading(kase, left, subnet, 'front')],
    };
  },
};
