import type { IpRule } from '../../dump/records.ts';
import { makerOf } from '../../topology/makers.ts';
import type { Check } from '../check.ts';
import { groupedFound } from '../grouped.ts';
import { markSet, readsMark } from '../marks.ts';
import { isJump, nameOfRule, rulesOf } from '../rules.ts';

export const markUnread: Check = {
  id: 'mark-unread',
  title: 'A mark that nothing reads',
  severity: 'note',
  why: 'A mark changes nothing by itself: a rule of iptables, a policy route (ip rule fwmark) or traffic control has to ask for it.',
  repair: 'Add what is to read it (ip rule add fwmark …), or take the rule out.',
  silent:
    'Where the policy rules (ip rule) were not dumped, where nft has rules of its own, and marks of Docker, kube-proxy and the like. What tc and programs read isn’t seen: it is a note.',
  references: ['ip-rule(8): fwmark', 'tc-fw(8)'],
  find({ rulesets, netns }) {
    const lists = [netns.rules4, netns.rules6];
    if (netns.partial || netns.nft?.tables.some(({ iptables }) => !iptables)) return [];
    return rulesets.flatMap((ruleset) => {
      const rules = lists[ruleset.family === 4 ? 0 : 1];
      if (!rules || ruleset.listing) return [];
      const refs = rulesOf(ruleset);
      const bits = asked(rules);
      const read = refs.some(({ rule }) => !isJump(rule.target) && readsMark(rule));
      if (read) return [];
      const setting = refs.filter(({ rule, chain, table }) => {
        const set = markSet(rule);
        if (!set || (set.value & bits) !== 0 || set.value === 0) return false;
        return !makerOf({ chain: chain.name, text: rule.text, chains: table.chains });
      });
      return groupedFound(setting, ([first, ...more]) => ({
        title: `${nameOfRule(first)} sets a mark that nothing in the dumps reads`,
        explanation:
          'No rule of this family asks for a mark, and no policy rule has a fwmark of these bits. Traffic control may ask for it; that isn’t seen here.',
        at: first,
        involved: more.map((at) => ({ at, role: 'sets a mark, too' })),
      }));
    });
  },
};

/** The bits that policy rules look at. */
function asked(rules: readonly IpRule[]): number {
  return rules.reduce((bits, { fwmark }) => bits | (fwmark?.mask ?? 0), 0);
}
