import { printNft } from '../../../src/nft/print/ruleset.ts';
import { readRuleset } from '../../../src/nft/text/read.ts';
import { fromJson } from '../../nft/support/forms.ts';
import { same } from '../check.ts';
import { textsOf } from '../seeds.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'nft-json',
  about: 'nft -j list ruleset: printed, read as text, and printed again',
  longest: 8192,
  seeds: () => textsOf('test/nft/recorded', /\.json$/, 1 << 20).map(shortened),
  run(text) {
    const again = readRuleset(printNft(fromJson(text).ruleset), 'x');
    // JSON can have names that the text has no words for: what is read of that is what has to last.
    if (again.issues.length > 0) return;
    const settled = printNft(again.ruleset);
    same('a ruleset, printed and read', printNft(readRuleset(settled, 'x').ruleset), settled);
  },
});

/** Its tables and chains, and some of its rules. */
function shortened(text: string): string {
  const { nftables } = JSON.parse(text) as { nftables: object[] };
  return JSON.stringify({
    nftables: nftables.filter((item, at) => !('rule' in item) || at % 5 === 0).slice(0, 40),
  });
}
