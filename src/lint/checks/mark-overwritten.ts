import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { markSet, readsMark } from '../marks.ts';
import { isEnding, isUnconditional, nameOfRule, type RuleRef, rulesOfChain, specOf } from '../rules.ts';

export const markOverwritten: Check = {
  id: 'mark-overwritten',
  title: 'A mark that a later rule overwrites before anybody reads it',
  severity: 'warning',
  why: 'MARK doesn’t end the walk through the chain: the packet goes on with the next rule, and the last one that matches leaves its mark.',
  repair:
    'Put the general rule first, or let the later one pass over packets that are marked (-m mark --mark 0), or end the walk with ACCEPT or RETURN behind the first.',
  silent:
    'Marks of other bits, and where a rule between the two reads the mark, jumps elsewhere or ends the walk.',
  references: ['iptables-extensions(8): MARK', 'net/netfilter/xt_mark.c: mark_tg()'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) =>
      [...ruleset.tables.values()].flatMap((table) =>
        [...table.chains.values()].flatMap((chain) => overwritten(rulesOfChain(ruleset, table, chain))),
      ),
    ),
};

function overwritten(refs: readonly RuleRef[]): Found[] {
  return refs.flatMap((ref, index): Found[] => {
    const set = markSet(ref.rule);
    if (!set) return [];
    for (const later of refs.slice(index + 1)) {
      const change = markSet(later.rule);
      if (change && takesAll(later, ref)) {
        // Bits that it leaves alone or turns are still the first one's.
        if ((set.mask & ~change.mask) !== 0 || (set.value & ~change.mask) !== 0) return [];
        if (change.value === set.value && change.mask === set.mask) return [];
        return [told(ref, later)];
      }
      if (readsMark(later.rule) || isEnding(later.rule) || change) return [];
    }
    return [];
  });
}

/** All packets of the first match the second: it has no condition, or the same ones. */
function takesAll(later: RuleRef, first: RuleRef): boolean {
  if (isUnconditional(later.rule, later.ruleset.family)) return true;
  const conditions = (ref: RuleRef) => specOf(ref).replace(/ ?-j .*$/, '');
  const stateless = later.rule.matches.every(({ name }) =>
    ['tcp', 'udp', 'multiport', 'comment', 'icmp'].includes(name),
  );
  return stateless && conditions(later) === conditions(first);
}

function told(ref: RuleRef, later: RuleRef): Found {
  return {
    title: `${nameOfRule(ref)} sets a mark that rule ${later.number} overwrites`,
    explanation:
      'MARK doesn’t end the walk: all packets of the first rule come to the second, which sets those bits anew. Nothing between them reads the mark.',
    at: ref,
    involved: [{ at: later, role: 'overwrites it' }],
  };
}
