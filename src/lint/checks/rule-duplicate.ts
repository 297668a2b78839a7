import type { Check } from '../check.ts';
import { type Dead, findDead, removal } from '../dead.ts';
import type { Found } from '../finding.ts';
import { nameOfRule } from '../rules.ts';

export const ruleDuplicate: Check = {
  id: 'rule-duplicate',
  title: 'The same rule twice',
  severity: 'warning',
  why: 'Of two equal rules in a chain that decide, the first takes all packets. They come from scripts that were run twice (iptables -A without -C), and from rulesets that were saved and added again at boot.',
  repair: 'Take the second one out; in scripts ask first: iptables -C … || iptables -A ….',
  silent:
    'Equal rules that let packets go on (LOG, MARK), and those between which something else may happen to the packet.',
  references: ['iptables(8): -C'],
  find: (scope) => findDead('duplicate', scope, told),
};

function told(dead: Dead): Found {
  const { ref, takers } = dead;
  const [first] = takers;
  return {
    title: `${nameOfRule(ref)} is the same as rule ${first?.number ?? 0}`,
    explanation: 'The first one takes all of its packets.',
    at: ref,
    involved: takers.map((at) => ({ at, role: 'the same, before it' })),
    suggestion: removal(dead, 'It can go:', true),
  };
}
