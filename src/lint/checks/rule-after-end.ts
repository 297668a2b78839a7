import type { Check } from '../check.ts';
import { type Dead, findDead, removal } from '../dead.ts';
import type { Found } from '../finding.ts';
import { nameOfRule } from '../rules.ts';

export const ruleAfterEnd: Check = {
  id: 'rule-after-end',
  title: 'A rule behind one that takes every packet',
  severity: 'warning',
  why: 'A rule without conditions that accepts, drops, rejects or returns ends the chain: nothing comes to the rules behind it. iptables -A adds at the end, behind such a rule.',
  repair: 'Put the rule before it (iptables -I CHAIN NUMBER), or take it out.',
  silent: 'Ends with a condition: those may leave something over.',
  references: ['iptables(8): -A, -I'],
  find: (scope) =>
    findDead('after-end', scope, told).filter(({ at }) => !('rule' in at && at.chain.name === 'DOCKER-USER')),
};

function told(dead: Dead): Found {
  const { ref, takers } = dead;
  const [end] = takers;
  const number = end?.number ?? 0;
  const target = end?.rule.target;
  return {
    title: `${nameOfRule(ref)} is never reached: rule ${number} before it takes everything`,
    explanation:
      target?.kind === 'goto'
        ? `Rule ${number} has no condition, and what goes to ${target.chain} doesn’t come back here.`
        : `Rule ${number} has no condition, and its target ends the way through the chain.`,
    at: ref,
    involved: takers.map((at) => ({ at, role: 'takes every packet' })),
    suggestion: removal(dead, 'Put it before that one if it is to do something; as it is, it can go:', true),
  };
}
