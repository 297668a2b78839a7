/** Cases that ask one match many questions: rules of it alone, and packets on both sides of what it looks at. */
import type { Family } from '../../../src/net/ip.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import type { LiveCase } from './live-case.ts';
import { matchPacket } from './match-packets.ts';
import { type MatchWords, matchRules } from './match-rules.ts';
import { Random } from './random.ts';

const RULES = 40;
const PACKETS = 60;

export function matchCase(words: MatchWords, family: Family, seed: number): LiveCase {
  const random = new Random(seed);
  const rules = loadable(matchRules(random, words, family, RULES), words, family);
  const packets = Array.from({ length: PACKETS }, () => matchPacket(random, family, words.name));
  const text = ruleset(rules, words.chain ?? 'PREROUTING');
  const none = '*mangle\nCOMMIT\n';
  return {
    name: `${words.name} IPv${family} seed ${seed}`,
    rules4: family === 4 ? text : none,
    rules6: family === 6 ? text : none,
    packets,
  };
}

function ruleset(rules: readonly string[], chain: string): string {
  return ['*mangle', ...rules.map((rule) => `-A ${chain} ${rule}`), 'COMMIT', ''].join('\n');
}

/** Conditions that iptables-save leaves out as always true, although the `!` before them makes them never true. */
const LOST = /! --mh-type 0:255/;

/** Without what iptables refuses; what it takes and we don't is for the tables of rules to find. */
function loadable(rules: readonly string[], words: MatchWords, family: Family): string[] {
  return rules.filter((rule) => {
    const { issues } = parseSave(ruleset([rule], words.chain ?? 'PREROUTING'), 'rules', { family });
    return issues.length === 0 && !LOST.test(rule);
  });
}
