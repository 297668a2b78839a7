import { asLoaded } from '../../../src/xtables/canonical.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import { printRuleset } from '../../../src/xtables/print.ts';
import { same } from '../check.ts';
import { ruleRows } from '../rules.ts';
import { textsOf } from '../seeds.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'iptables-save',
  about:
    'iptables-save and ip6tables-save: what was read without a complaint prints, and reads back the same',
  longest: 2048,
  seeds: () => [
    ...textsOf('test/dump/recorded', /tables-save/, 1500),
    ...ruleRows().map(({ table, rule }) => `*${table}\n:c - [0:0]\n${rule}\nCOMMIT\n`),
  ],
  run(text) {
    const { ruleset, issues } = parseSave(text, 'x');
    const { family } = ruleset;
    for (const counters of [false, true]) {
      const printed = printRuleset(asLoaded(ruleset), { counters });
      const again = parseSave(printed, 'x', { family }).ruleset;
      // What wasn't understood stays as text, of which two readings may differ.
      if (issues.length === 0)
        same('a ruleset, printed and read', printRuleset(asLoaded(again), { counters }), printed);
    }
  },
});
