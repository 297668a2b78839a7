import { nearest } from '../../base/nearest.ts';
import { setsOfRule } from '../../xtables/sets-of-rule.ts';
import type { Check } from '../check.ts';
import { nameOfRule, rulesOf } from '../rules.ts';

export const loadMissingSet: Check = {
  id: 'load-missing-set',
  title: 'A rule asks an IP set that isn’t there',
  severity: 'error',
  why: 'A rule with --match-set or -j SET can only be loaded while its set exists: iptables-restore fails with "Set NAME doesn’t exist", and loads nothing of the table.',
  repair: 'Create the set first (ipset restore before iptables-restore), or correct its name.',
  silent: 'Without an output of ipset nothing is known of the sets.',
  references: [
    'ipset(8)',
    'iptables-extensions(8): set',
    'net/netfilter/xt_set.c: set_match_v4_checkentry()',
  ],
  find({ rulesets, netns }) {
    const { ipsets } = netns;
    if (!ipsets || ipsets.length === 0) return [];
    const names = ipsets.map(({ name }) => name);
    return rulesets.flatMap(rulesOf).flatMap((ref) =>
      [...new Set(setsOfRule(ref.rule))]
        .filter((name) => !names.includes(name))
        .map((name) => {
          const near = nearest(name, names);
          return {
            title: `${nameOfRule(ref)} asks the set ${name}, which isn’t there`,
            explanation: `The dump of the sets has ${names.length === 1 ? names[0] : `${names.length} others`}. The rule can’t be loaded without it, nor the rest of its table.${near === undefined ? '' : ` Was ${near} meant?`}`,
            at: ref,
          };
        }),
    );
  },
};
