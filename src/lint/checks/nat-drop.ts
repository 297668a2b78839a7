import type { Check } from '../check.ts';
import { deletion, nameOfRule, rulesOf } from '../rules.ts';

export const natDrop: Check = {
  id: 'nat-drop',
  title: 'DROP in the nat table',
  severity: 'error',
  why: 'The nat table sees the first packet of a connection only, and is no place to filter; iptables refuses the target there: "The "nat" table is not intended for filtering, the use of DROP is therefore inhibited".',
  repair: 'Drop in the filter table, or in raw PREROUTING where it has to be before everything else.',
  silent: 'The filter, mangle and raw tables.',
  references: ['iptables(8): TABLES', 'iptables/xshared.c: do_parse()'],
  find: ({ rulesets }) =>
    rulesets
      .flatMap(rulesOf)
      .filter(
        ({ table, rule }) =>
          table.name === 'nat' && rule.target?.kind === 'verdict' && rule.target.verdict === 'DROP',
      )
      .map((ref) => ({
        title: `${nameOfRule(ref)} drops in the nat table, which iptables refuses`,
        explanation:
          'It would see the first packet of each connection alone, and none of one that is known already. iptables and iptables-restore don’t take it.',
        at: ref,
        suggestion: {
          text: 'The same in the raw table, before anything else:',
          commands: ['PREROUTING', 'OUTPUT'].includes(ref.chain.name)
            ? [deletion(ref).replace('-t nat -D', '-t raw -A')]
            : [],
        },
      })),
};
