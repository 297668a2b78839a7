import { fateOf } from '../../correlate/predict.ts';
import type { Case, Scene } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { predictWith } from '../counterfactual.ts';
import { describeSighting, rewrites, seenAt } from '../evidence.ts';
import { type RefusedRule, refusedRules } from '../refused-rule.ts';
import { nameOf } from '../words.ts';

export const cmdIptablesRejected: Cause = {
  id: 'cmd-iptables-rejected',
  title: 'iptables refuses the rule, so it isn’t there',
  severity: 'error',
  page: () => ({
    symptom:
      'A rule that was "added" has no effect and isn’t in iptables-save; the command, or iptables-restore at boot, said something that nobody read.',
    mechanism:
      'iptables reads its options in order: --dport belongs to -p tcp or udp, which has to stand before it, and --to-destination to -j DNAT; ports need a protocol, NAT targets their table and chain. One line that it refuses, and iptables-restore stops: nothing of that table or of those behind it is loaded, tables committed before it are.',
    check: 'run the command by hand and read what it prints; iptables-restore --test < FILE; iptables-save',
    proof:
      'A line of a rules file that iptables refuses, and traffic that does just what it does without that rule; with the rule corrected, the model lets it pass.',
    refutation:
      'The rule in an iptables-save of that time: then it was taken. Lines that iptables-save itself printed were.',
    settledBy: ['iptables-save -c', 'iptables-restore --test < FILE'],
    repair: 'Correct the line, test the file (iptables-restore --test), and load it.',
    references: [
      'iptables(8), iptables-extensions(8), iptables-restore(8)',
      'net/netfilter/nf_tables_api.c: nf_tables_newrule()',
      'net/netfilter/x_tables.c: xt_check_match(), xt_check_target()',
    ],
  }),
  find(kase) {
    if (kase.outcome.status === 'delivered' || kase.hypothetical || !kase.prediction) return undefined;
    for (const rule of refusedRules(kase)) {
      const found = decides(kase, rule) ? told(kase, rule, kase) : undefined;
      if (found) return found;
    }
    return undefined;
  },
  survey(scene) {
    return refusedRules(scene).map((rule) => told(scene, rule));
  },
};

/** With the rule as it was meant, the flow is translated and arrives. */
function decides(kase: Case, { corrected }: RefusedRule): boolean {
  const meant = corrected && predictWith(kase, [corrected]);
  if (!meant || !kase.prediction) return false;
  const fate = fateOf(meant.there);
  const arrives = fate === 'delivered' || fate === 'forwarded';
  const changed = rewrites(meant.there).length > rewrites(kase.prediction.there).length;
  return arrives && changed && meant.there.socket?.state !== 'none';
}

function told(scene: Scene, rule: RefusedRule, kase?: Case): Found {
  const where = nameOf(scene, rule.namespace);
  const { path, line, text, reasons, corrected } = rule;
  const seen = kase?.outcome.refusal ?? kase?.flow.legs.at(-1)?.forward.kept[0];
  return {
    confidence: kase ? 0.96 : 0.8,
    title: `iptables refuses line ${line} of ${where}’s rules file: ${reasons[0] ?? 'it is no rule'}`,
    explanation:
      `The line "${text}" is none that iptables takes: ${reasons.join('; ')}. iptables-restore then loads nothing of that table and of those behind it, and a command like it adds no rule` +
      (kase
        ? `. The packets of this flow are treated as without the rule; with it, corrected, they would arrive.`
        : '.'),
    namespace: rule.namespace,
    group: `${path} ${line}`,
    severity: kase ? 'error' : 'warning',
    status: kase?.outcome.refusal ? 'rejected' : 'no-reply',
    evidence: [
      { path, line, text: `${text}: ${reasons.join('; ')}` },
      ...(kase && seen ? [seenAt(kase, seen, `${describeSighting(seen)}: as without that rule`)] : []),
    ],
    fix: corrected ? [corrected] : [],
    effect: corrected
      ? `Put the corrected line into ${path.split('/').at(-1)} and load it: iptables-restore < FILE.`
      : 'Correct the line, test the file with iptables-restore --test, and load it.',
  };
}
