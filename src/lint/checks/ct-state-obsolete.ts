import type { Check } from '../check.ts';
import { counted, groupedFound } from '../grouped.ts';
import { isOfProgram } from '../programs.ts';
import { rulesOf } from '../rules.ts';

export const ctStateObsolete: Check = {
  id: 'ct-state-obsolete',
  title: '-m state is the old name of -m conntrack',
  severity: 'note',
  why: 'The state match is kept for old rules; conntrack does the same with --ctstate, and more.',
  repair: 'Write -m conntrack --ctstate in place of -m state --state.',
  silent:
    'Rules that programs write (kube-proxy, libvirt and the like). It is a note, once for each ruleset.',
  references: ['iptables-extensions(8): state, conntrack'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) =>
      groupedFound(
        rulesOf(ruleset).filter(
          (ref) => ref.rule.matches.some(({ name }) => name === 'state') && !isOfProgram(ref),
        ),
        ([first, ...more]) => ({
          title: `${counted(more.length + 1, 'rule')} with -m state, the old name of -m conntrack --ctstate`,
          explanation: 'Both do the same; the old one is kept for old rules.',
          at: first,
          involved: more.map((at) => ({ at, role: '-m state' })),
        }),
      ),
    ),
};
