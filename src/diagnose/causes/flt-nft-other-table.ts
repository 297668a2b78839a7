import type { Step } from '../../netstack/hop.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import type { Evidence } from '../finding.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace, ruleText, whatDied } from '../rule-cause.ts';
import { capital, nameOf } from '../words.ts';

/** nf_hook_slow(): every base chain on a hook is asked, in the order of their priorities. */
export const fltNftOtherTable = modelCause({
  id: 'flt-nft-other-table',
  from: [
    'flt-rule-drop',
    'flt-forward-policy-drop',
    'flt-forward-reply-blocked',
    'flt-input-drop',
    'flt-input-blocks-container',
  ],
  title: 'Another nftables table on the same hook drops it',
  severity: 'error',
  page: () => ({
    symptom: 'The rules plainly accept it, their counters even grow, and it is dropped all the same.',
    mechanism:
      'Every base chain on a hook sees the packet, one after the other by priority. An accept ends only the base chain it was reached from; a drop is final. So iptables may accept what a table of a distribution’s firewall, of netavark, LXD or somebody’s /etc/nftables.conf drops.',
    check: 'nft list ruleset (every table with a chain on that hook); nft monitor trace',
    proof:
      'Two base chains on one hook: a rule or policy of the one accepts the packet (its counter grows), a rule or policy of the other drops it, and the packet is not seen after the hook.',
    refutation: 'Only one table has a chain on that hook; or the packet is seen on the outgoing interface.',
    settledBy: ['nft list ruleset', 'iptables-save -c'],
    repair:
      'Accept the traffic in the table that drops it; for what Docker or podman publishes: ct status dnat accept.',
    references: [
      'net/netfilter/core.c: nf_hook_slow()',
      'nft(8): base chains, priority',
      'containers/netavark#977',
      'moby/moby#50566',
      'canonical/lxd#8716',
    ],
  }),
  tell(kase, drop) {
    const { rule } = drop.trace;
    if (rule?.kind !== 'nft-rule' && rule?.kind !== 'nft-policy') return undefined;
    if (rule.family === 'netdev' || rule.family === 'bridge' || rule.family === 'arp') return undefined;
    const accepted = acceptedBy(drop);
    if (!accepted) return undefined;
    const where = nameOf(kase, drop.namespace);
    const chain = `${accepted.table} ${accepted.chain}`;
    const by = accepted.kind === 'policy' ? `the policy of ${chain}` : `${chain} rule ${accepted.number}`;
    return {
      title: `${where}: iptables accepts ${whatDied(drop)} (${by}), and ${rulePlace(drop)} drops it`,
      explanation:
        `${capital(whatDied(drop))} passes two chains on the same hook. ${by} of iptables accepts it, which ends the way through that chain only; then ${rulePlace(drop)}` +
        `${ruleText(drop) ? ` ("${ruleText(drop)}")` : ''} drops it, and that is final. iptables commands don’t show that table.`,
      evidence: acceptLine(kase, drop, accepted),
      fix: acceptBefore(kase, drop),
    };
  },
});

type Accept = Extract<Step, { kind: 'rule' | 'policy' }>;

/** The rule or policy of an iptables filter chain that let the packet through on its last hook. */
function acceptedBy(drop: ModelDrop): Accept | undefined {
  const step = drop.trace.hops
    .at(-1)
    ?.steps.findLast((candidate) => candidate.kind === 'rule' || candidate.kind === 'policy');
  if (step?.kind === 'rule') return step.table === 'filter' && step.target === 'ACCEPT' ? step : undefined;
  return step?.kind === 'policy' && step.table === 'filter' && step.verdict === 'ACCEPT' ? step : undefined;
}

function acceptLine(kase: Case, drop: ModelDrop, accepted: Accept): Evidence[] {
  if (accepted.path === undefined || accepted.line === undefined) return [];
  const netns = netnsOf(kase, drop.namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const chain = rulesets
    .find(({ path }) => path === accepted.path)
    ?.tables.get(accepted.table)
    ?.chains.get(accepted.chain);
  const rule = accepted.kind === 'rule' ? chain?.rules[accepted.number - 1] : undefined;
  const packets = rule?.counters?.packets ?? 0;
  const text =
    accepted.kind === 'rule'
      ? `accepted before: ${accepted.text}${packets > 0 ? ` (counted ${packets} packets)` : ''}`
      : `accepted before: policy ACCEPT of ${accepted.chain}`;
  return [{ path: accepted.path, line: accepted.line, text }];
}
