import { bare } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import { type Dead, findDead, removal } from '../dead.ts';
import type { Found } from '../finding.ts';
import { hookOfChain, jumpsTo } from '../graph.ts';
import { counted } from '../grouped.ts';
import { nameOfRule } from '../rules.ts';

export const ruleOutOfReach: Check = {
  id: 'rule-out-of-reach',
  title: 'A rule in a chain that its packets never come into',
  severity: 'warning',
  why: 'Only what the jumps to a chain match, and what the rules before the jumps left over, comes into it. A rule in it that asks for something else (another source, another protocol or interface) never matches.',
  repair:
    'Move the rule to where its packets are, or widen the jump. Where all that it would accept is accepted elsewhere it is a note.',
  silent: 'Where the conditions of the jump are none that a header decides.',
  references: ['iptables(8): -j'],
  find: (scope) => findDead('out-of-reach', scope, told),
};

function told(dead: Dead): Found {
  const { ref, acceptedAnyhow } = dead;
  if (hookOfChain(ref.table, ref.chain.name)) {
    return {
      title: `${nameOfRule(ref)} never matches: rules before it change what it asks for`,
      explanation:
        'What they set (a mark, a TTL, a DSCP) is not what this rule looks for, whatever the packet had when it came.',
      at: ref,
      suggestion: removal(dead, 'Put it before them; as it is, it can go:'),
    };
  }
  const jumps = jumpsTo(ref.ruleset, ref.table, ref.chain.name);
  const lead = `${counted(jumps.length, 'rule')} ${jumps.length === 1 ? 'leads' : 'lead'} there`;
  return {
    severity: acceptedAnyhow ? 'note' : 'warning',
    title: `${nameOfRule(ref)} never matches: none of its packets come into ${bare(ref.chain.name)}`,
    explanation: acceptedAnyhow
      ? `${lead}; what this rule would accept has been accepted before, or is elsewhere, so that nothing is lost by it.`
      : `${lead}, and nothing of what ${jumps.length === 1 ? 'it brings' : 'they bring'} fits this rule.`,
    at: ref,
    involved: jumps.map((at) => ({ at, role: 'leads there' })),
    suggestion: removal(
      dead,
      acceptedAnyhow ? 'It can go:' : 'Move it to where its packets are; as it is, it can go:',
    ),
  };
}
