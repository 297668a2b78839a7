import { splitSaved } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { groupedFound } from '../grouped.ts';
import { type RuleRef, rulesOf } from '../rules.ts';

const EVERYTHING: Readonly<Record<string, RegExp>> = {
  '-s': /^(0\.0\.0\.0\/0(\.0\.0\.0)?|0\/0|::\/0)$/,
  '-d': /^(0\.0\.0\.0\/0(\.0\.0\.0)?|0\/0|::\/0)$/,
  '-i': /^\+$/,
  '-o': /^\+$/,
  '-p': /^(all|0)$/,
};
const LONG: Readonly<Record<string, string>> = {
  '--source': '-s',
  '--src': '-s',
  '--destination': '-d',
  '--dst': '-d',
  '--in-interface': '-i',
  '--out-interface': '-o',
  '--protocol': '-p',
  '--proto': '-p',
};

export const rulePointlessCondition: Check = {
  id: 'rule-pointless-condition',
  title: 'A condition that every packet meets',
  severity: 'note',
  why: 'Any address (0.0.0.0/0, ::/0), any interface (+), any protocol (all) is what a rule without the condition means, too. iptables leaves them out when it saves.',
  repair: 'Leave it out. If it was to be narrower, it isn’t.',
  silent: 'Output of iptables -L and -S, where iptables has put the words.',
  references: ['iptables(8): -s, -d, -i, -o, -p'],
  find: ({ rulesets }) =>
    rulesets
      .filter(({ listing }) => !listing)
      .flatMap((ruleset) =>
        groupedFound(
          rulesOf(ruleset).flatMap((ref) => pointless(ref).map((words) => ({ ref, words }))),
          told,
        ),
      ),
};

interface Pointless {
  readonly ref: RuleRef;
  readonly words: string;
}

function told([first, ...more]: readonly [Pointless, ...Pointless[]]): Found {
  return {
    title: `"${first.words}" says nothing: every packet meets it`,
    explanation:
      more.length === 0
        ? 'The rule does the same without it.'
        : `So do ${more.length === 1 ? 'another one' : `${more.length} more conditions`} of this ruleset. The rules do the same without them.`,
    at: first.ref,
    involved: more.map(({ ref, words }) => ({ at: ref, role: words })),
  };
}

function pointless({ rule }: RuleRef): string[] {
  if (!/^-[AIR] /.test(rule.text)) return [];
  const words = splitSaved(rule.text);
  return words.flatMap(({ text, quoted }, index) => {
    const option = LONG[text] ?? text;
    const value = words[index + 1]?.text ?? '';
    const inverted = words[index - 1]?.text === '!' || value === '!';
    return !quoted && !inverted && EVERYTHING[option]?.test(value) ? [`${text} ${value}`] : [];
  });
}
