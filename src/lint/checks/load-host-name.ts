import type { Check } from '../check.ts';
import { isHostName } from '../host-name.ts';
import { rulesOf } from '../rules.ts';

export const loadHostName: Check = {
  id: 'load-host-name',
  title: 'A host name in a rule',
  severity: 'warning',
  why: 'iptables asks the resolver for it once, when the rule is loaded, and keeps the addresses. At boot there may be no network yet: the line fails then, and with it the whole table. When the name’s addresses change, the rule doesn’t.',
  repair: 'Write the address; for names that change use a set (ipset) that something keeps up to date.',
  silent: 'Nothing else.',
  references: ['iptables(8): -s', 'iptables-restore(8)'],
  find: ({ issues, rulesets }) => {
    const refs = new Map(rulesets.flatMap(rulesOf).map((ref) => [ref.rule.span.line, ref]));
    return issues.filter(isHostName).map(({ text, path = '', line = 1 }) => {
      const ref = refs.get(line);
      const word = /^-[sd] (\S+):/.exec(text)?.[1] ?? '';
      return {
        title: `${word} is looked up when the rule is loaded, and never again`,
        explanation:
          'Where the resolver doesn’t answer then, as at boot, iptables-restore loads nothing of the table.',
        at: ref?.rule.span.path === path ? ref : { path, line },
      };
    });
  },
};
