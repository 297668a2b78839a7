import type { Check } from '../check.ts';
import { type Dead, findDead, removal } from '../dead.ts';
import type { Found } from '../finding.ts';
import { counted } from '../grouped.ts';
import { doesOpposite, doesTheSame } from '../opposite.ts';
import { isJump, nameOfRule, type RuleRef } from '../rules.ts';

export const ruleShadowed: Check = {
  id: 'rule-shadowed',
  title: 'Rules before it take all of its packets',
  severity: 'warning',
  why: 'The first rule that decides about a packet counts. A rule all of whose packets are decided about before it, by one rule or by several together, does nothing; worse where they decide otherwise: then something is open or closed that this rule says isn’t.',
  repair:
    'Put the narrower rule before the wider one, or take it out. Where both do the same, or what it accepts is accepted anyhow, it is a note.',
  silent:
    'Where a condition that no header decides (limit, recent, sets, unknown matches) may leave something over.',
  references: ['iptables(8)', 'net/ipv4/netfilter/ip_tables.c: ipt_do_table()'],
  find: (scope) => findDead('taken', scope, told),
};

function told(dead: Dead): Found {
  const { ref, takers, acceptedAnyhow } = dead;
  const against = !acceptedAnyhow && takers.some((taker) => doesOpposite(taker, ref));
  const alike = acceptedAnyhow || takers.every((taker) => doesTheSame(taker, ref));
  const who =
    takers.length === 1
      ? `rule ${takers[0]?.number ?? 0} takes all of its packets`
      : `${counted(takers.length, 'rule')} before it take all of its packets`;
  return {
    severity: alike ? 'note' : 'warning',
    title: `${nameOfRule(ref)} never matches: ${who}`,
    explanation: against
      ? `${takers.length === 1 ? `Rule ${takers[0]?.number ?? 0} does` : 'They do'} the opposite of what this one says, and that is what happens.`
      : alike
        ? 'The same is done with them, so that nothing is lost by it.'
        : 'What it says isn’t done.',
    at: ref,
    involved: takers.map((at) => ({ at, role: roleOf(at, takers.length) })),
    suggestion: removal(
      dead,
      alike ? 'It can go:' : 'If it is to hold, put it before them. As it is, it can go:',
    ),
  };
}

function roleOf({ rule }: RuleRef, count: number): string {
  const part = count === 1 ? 'all of them' : 'a part';
  return isJump(rule.target)
    ? `leads ${part} to ${rule.target.chain}, from where they don’t return`
    : `takes ${part}`;
}
