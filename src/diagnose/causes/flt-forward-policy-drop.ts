import type { Case, ModelDrop } from '../case.ts';
import type { Command } from '../cause.ts';
import { commandsFor, engineOf, missingEvidence, missingForNetwork, repairs } from '../engine.ts';
import { emptiedByFlush, forwardAccept } from '../filter.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { whatDied } from '../rule-cause.ts';
import { inInterface, nameOf, outInterface } from '../words.ts';

export const fltForwardPolicyDrop = modelCause({
  id: 'flt-forward-policy-drop',
  title: 'The FORWARD policy drops it',
  severity: 'error',
  page: () => ({
    symptom:
      'Forwarding to or from a bridge, a VM or another network times out, often since Docker or ufw was installed.',
    mechanism:
      'A packet that no rule of filter FORWARD accepts meets the chain’s policy. dockerd sets it to DROP when it had to switch ip_forward on itself; so does ufw by default (DEFAULT_FORWARD_POLICY).',
    check: 'iptables -L FORWARD -nv (policy and its counter)',
    proof:
      'In on one interface, out on none, no ICMP; the policy’s counter in FORWARD grows; no conntrack entry is confirmed.',
    refutation: 'The packet on the outgoing interface, or a policy counter that stays.',
    settledBy: ['iptables-save -c', 'nft list ruleset'],
    repair: 'Accept this traffic in DOCKER-USER or FORWARD.',
    references: [
      'net/ipv4/ip_forward.c: ip_forward(), NF_INET_FORWARD',
      'moby/moby#39439',
      'moby/moby#48365',
    ],
  }),
  tell(kase, drop) {
    const way = `from ${inInterface(drop.trace)} to ${outInterface(drop.trace)}`;
    const what = whatDied(drop);
    const flushed = emptiedByFlush(kase, drop.namespace);
    const rules = flushedRules(kase, drop);
    return {
      title: `${nameOf(kase, drop.namespace)} drops ${what}: no rule of FORWARD accepts it, and the policy is DROP`,
      explanation:
        `Routing sends ${what} ${way}. In filter FORWARD no rule that matches it accepts it, so it falls through to the ` +
        'policy, which is DROP. It vanishes there without ICMP, before POSTROUTING, and no conntrack entry stays.' +
        (flushed
          ? ' Docker’s own rules, which would have accepted it, are gone: its chains are there and empty, so the filter table was flushed while the policy stayed.'
          : rules
            ? ` Rules that Docker writes for this network and that would have accepted it are missing (${rules.count}): they were taken away while the policy stayed.`
            : ''),
      ...((flushed ?? rules) && {
        evidence: [...(flushed ? [flushed] : []), ...(rules?.evidence ?? [])],
        effect: 'To last: Docker writes its rules again when it is restarted, systemctl restart docker.',
      }),
      fix: rules?.commands ?? forwardAccept(kase, drop),
    };
  },
});

/** Docker's own rules for the bridges on the way, where they are missing and would have let it pass. */
function flushedRules(
  kase: Case,
  drop: ModelDrop,
): { commands: Command[]; evidence: Evidence[]; count: number } | undefined {
  const engine = engineOf(kase, drop.namespace);
  if (!engine) return undefined;
  const bridges = [inInterface(drop.trace), outInterface(drop.trace)].filter((name) => name !== undefined);
  const missing = bridges.flatMap((bridge) => missingForNetwork(engine, bridge));
  const commands = commandsFor(kase, drop.namespace, [...new Set(missing)]);
  if (!repairs(kase, commands)) return undefined;
  return { commands, evidence: missing.slice(0, 4).map(missingEvidence), count: missing.length };
}
