/** One target at work: a few rules of it, rules that show every bit of the mark behind them, and packets of all kinds. */
import type { Family } from '../../../src/net/ip.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import type { Case } from '../case.ts';
import { matchPacket } from '../generate/match-packets.ts';
import { type Words, wordsRule } from '../generate/match-rules.ts';
import { TARGET_WORDS } from '../generate/target-rules.ts';
import { ROUTER } from '../networks/router.ts';
import type { Random } from '../random.ts';
import { isFragment, isTraced, tableText } from './matches.ts';

const RULES = 3;
const PACKETS = 30;
const MARKING = new Set(['MARK', 'CONNMARK', 'HMARK']);
/** NETTRACE_TARGET=TTL,TOS tries only these. */
const only = process.env.NETTRACE_TARGET?.split(',');

export function targetsCase(random: Random): Omit<Case, 'name'> {
  const words = random.pick(TARGET_WORDS.filter(({ name }) => only === undefined || only.includes(name)));
  const family = random.pick(words.families ?? ([4, 6] as const));
  const rules = Array.from({ length: 1 + random.below(RULES) }, () => targetRule(random, words, family));
  // Without a rule that looks at connections, NOTRACK alone starts no tracking.
  const states = ['NEW', 'UNTRACKED'].map((state) => `-m conntrack --ctstate ${state}`);
  const bits = MARKING.has(words.name)
    ? Array.from({ length: 32 }, (_, bit) => `-m mark --mark ${2 ** bit}/${2 ** bit}`)
    : words.table === 'raw'
      ? states
      : [];
  const { table = 'mangle', chain = 'PREROUTING' } = words;
  const text = tableText(
    table,
    [...rules, ...bits].map((rule) => `-A ${chain} ${rule}`),
  );
  return {
    network: ROUTER,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: { [family === 4 ? 'ip4' : 'ip6']: parses(text, family) } },
    settings: {
      host: ['sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0', ...(words.settings ?? [])],
    },
    stimuli: Array.from({ length: PACKETS }, () => matchPacket(random, family, words)).filter(
      (each) => isTraced(each) && !(words.table === 'raw' && isFragment(each)),
    ),
  };
}

/** At times for some packets only. */
function targetRule(random: Random, words: Words, family: Family): string {
  const some =
    family === 4
      ? random.pick(['', '', '-s 10.90.1.2', '-m length --length 60:'])
      : random.pick(['', '-s fd90:1::2']);
  return `${some} ${wordsRule(random, words, `-j ${words.name}`)}`.trim();
}

function parses(text: string, family: Family): string {
  const [issue] = parseSave(text, 'rules', { family }).issues;
  if (issue) throw new Error(`${text}: ${JSON.stringify(issue)}`);
  return text;
}
