import type { Check } from '../check.ts';
import { type Dead, findDead, removal } from '../dead.ts';
import type { Found } from '../finding.ts';
import { hooksReaching } from '../graph.ts';
import { nameOfRule } from '../rules.ts';

export const ruleContradiction: Check = {
  id: 'rule-contradiction',
  title: 'A rule whose conditions no packet can meet together',
  severity: 'warning',
  why: 'All conditions of a rule have to hold. Where one excludes another (--dport 80 with ! --dport 80, a source within what ! -s leaves out), or the hook has nothing that would fit (an outgoing interface before the routing decision), the rule never matches.',
  repair: 'Correct the condition, or write one rule for each alternative. --fix takes the rule out as it is.',
  silent: 'Conditions that no header decides (limit, recent, sets …): they may hold.',
  references: ['iptables(8)', 'net/ipv4/netfilter/ip_tables.c: ipt_do_table()'],
  find: (scope) => findDead('contradiction', scope, told).filter(({ at }) => !isNatState(at)),
};

function told(dead: Dead): Found {
  const { ref } = dead;
  return {
    title: `${nameOfRule(ref)} can match no packet`,
    explanation: why(dead),
    at: ref,
    suggestion: removal(dead, 'As it is, the rule can go; or correct what it was to match:'),
  };
}

function why({ ref: { rule, table, chain } }: Dead): string {
  const hooks = [...(hooksReaching(table).get(chain.name) ?? [])];
  if (rule.out && hooks.every((hook) => hook === 'PREROUTING' || hook === 'INPUT'))
    return `Packets have no outgoing interface yet where this chain is reached from (${hooks.join(', ')}).`;
  if (rule.in && hooks.every((hook) => hook === 'OUTPUT'))
    return 'Packets that the host sends have no incoming interface.';
  return 'Its conditions exclude each other: no packet meets all of them.';
}

/** States that packets in the nat table never have are another check's (nat-replies). */
function isNatState(at: Found['at']): boolean {
  if (!('rule' in at) || at.table.name !== 'nat') return false;
  return at.rule.matches.some(({ name }) => name === 'state' || name === 'conntrack');
}
