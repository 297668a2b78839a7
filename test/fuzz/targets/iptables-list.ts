import { asLoaded } from '../../../src/xtables/canonical.ts';
import { parseList, parseListRules, parseSave } from '../../../src/xtables/parse.ts';
import { printRuleset } from '../../../src/xtables/print.ts';
import { same } from '../check.ts';
import { listings } from '../rules.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'iptables-list',
  about: 'iptables -L and -S: what is read of them prints as iptables-save does, and reads back',
  longest: 2048,
  seeds: listings,
  run(text) {
    for (const parse of [parseList, parseListRules]) {
      const { ruleset, issues } = parse(text, 'x');
      const { family } = ruleset;
      const printed = printRuleset(asLoaded(ruleset));
      const again = parseSave(printed, 'x', { family }).ruleset;
      if (issues.length === 0) same('a list, printed and read', printRuleset(asLoaded(again)), printed);
    }
  },
});
