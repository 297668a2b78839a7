import type { Rule } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hookOfChain } from '../graph.ts';
import {
  isAccepting,
  isDropping,
  isUnconditional,
  matchInfo,
  nameOfRule,
  type RuleRef,
  rulesOfChain,
} from '../rules.ts';

export const ctDropBeforeEstablished: Check = {
  id: 'ct-drop-before-established',
  title: 'A rule drops a whole protocol before established connections are accepted',
  severity: 'warning',
  why: 'Replies to the host’s own connections, and all packets of connections that were let in behind the first, come to the rules in order like any other: what is dropped before the rule for ESTABLISHED doesn’t get to it.',
  repair: 'Put the rule that accepts ESTABLISHED,RELATED first.',
  silent: 'Rules that drop single ports, addresses, states, flags or interfaces: those may be meant.',
  references: ['iptables-extensions(8): conntrack'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) =>
      [...ruleset.tables.values()].flatMap((table) =>
        [...table.chains.values()]
          .filter(({ name }) => table.name === 'filter' && hookOfChain(table, name))
          .flatMap((chain) => told(rulesOfChain(ruleset, table, chain))),
      ),
    ),
};

function told(refs: readonly RuleRef[]): Found[] {
  return refs.flatMap((ref, index): Found[] => {
    if (!dropsProtocol(ref)) return [];
    const before = refs.slice(0, index);
    if (before.some(({ rule }) => acceptsEstablished(rule))) return [];
    const after = refs.slice(index + 1).find(({ rule }) => acceptsEstablished(rule) && meets(rule, ref.rule));
    if (!after) return [];
    return [
      {
        title: `${nameOfRule(ref)} drops replies as well, before rule ${after.number} accepts established connections`,
        explanation:
          'It has no condition but the protocol: packets of connections that are open already are dropped by it.',
        at: ref,
        involved: [{ at: after, role: 'comes too late for them' }],
        suggestion: { text: `Put rule ${after.number} before it.`, commands: [] },
      },
    ];
  });
}

/** `-p tcp -j DROP`. Without any condition it ends the chain, which is another matter. */
function dropsProtocol({ rule, ruleset }: RuleRef): boolean {
  const { protocol, source, destination, in: input, out, fragment } = rule;
  if (!isDropping(rule) || isUnconditional(rule, ruleset.family)) return false;
  if (!protocol || protocol.invert || !(protocol.protocol === 6 || protocol.protocol === 17)) return false;
  if (source || destination || input || out || fragment) return false;
  return rule.matches.every(({ name, info }) => {
    if (name === 'comment') return true;
    return (name === 'tcp' || name === 'udp') && Object.keys(info as object).length === 0;
  });
}

interface States {
  readonly invert: boolean;
  readonly value?: readonly string[];
  readonly states?: readonly string[];
}

function acceptsEstablished(rule: Rule): boolean {
  if (!isAccepting(rule)) return false;
  const test = matchInfo<{ state?: States }>(rule, 'conntrack')?.state ?? matchInfo<States>(rule, 'state');
  const listed = test?.value ?? test?.states;
  return test !== undefined && listed !== undefined && listed.includes('ESTABLISHED') !== test.invert;
}

function meets(accepting: Rule, dropping: Rule): boolean {
  const { protocol } = accepting;
  return !protocol || protocol.invert || protocol.protocol === dropping.protocol?.protocol;
}
