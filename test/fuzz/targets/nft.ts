import { printNft } from '../../../src/nft/print/ruleset.ts';
import { readRuleset } from '../../../src/nft/text/read.ts';
import { same } from '../check.ts';
import { textsOf } from '../seeds.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'nft',
  about: 'nft list ruleset: what is printed reads back as the same tables',
  seeds: () => textsOf('test/nft/recorded', /\.(?:nft|stateless)$/, 2500),
  run(text) {
    for (const stateful of [false, true]) {
      const { ruleset, issues } = readRuleset(text, 'x');
      const printed = printNft(ruleset, stateful);
      const again = printNft(readRuleset(printed, 'x').ruleset, stateful);
      if (issues.length === 0) same('a ruleset, printed and read', again, printed);
    }
  },
});
