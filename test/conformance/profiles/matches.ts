/** One match asked many questions: rules of it alone, and packets on both sides of what it looks at. */
import type { Family } from '../../../src/net/ip.ts';
import { EXTENSION, findHeader, isFound } from '../../../src/xtables/ipv6.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import { BUILTIN_CHAINS, type TableName } from '../../../src/xtables/rule.ts';
import type { Case, Stimulus } from '../case.ts';
import { matchPacket } from '../generate/match-packets.ts';
import { MATCH_WORDS, type MatchWords, matchRules } from '../generate/match-rules.ts';
import { ROUTER } from '../networks/router.ts';
import type { Random } from '../random.ts';

const RULES = 30;
const PACKETS = 40;
/** NETTRACE_MATCH=sctp,dccp asks only these. */
const only = process.env.NETTRACE_MATCH?.split(',');

export function matchesCase(random: Random): Omit<Case, 'name'> {
  const words = random.pick(MATCH_WORDS.filter(({ name }) => only === undefined || only.includes(name)));
  const family = random.pick(words.families ?? ([4, 6] as const));
  const rules = loadable(matchRules(random, words, RULES), words, family);
  return {
    network: ROUTER,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: { [family === 4 ? 'ip4' : 'ip6']: ruleset(rules, words) } },
    settings: {
      host: ['sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0', ...(words.settings ?? [])],
    },
    stimuli: Array.from({ length: PACKETS }, () => matchPacket(random, family, words)).filter(
      (each) => isTraced(each) && !(TRACKING.has(words.name) && isFragment(each)),
    ),
  };
}

/** The kernel's trace shows no packet whose IPv6 headers lead to no upper layer. */
export function isTraced({ skb }: Stimulus): boolean {
  if (skb.family === 4) return true;
  const found = findHeader(skb);
  return isFound(found) && found.fragmentOffset === 0 && found.offset <= skb.length;
}

/** Matches that start connection tracking. */
const TRACKING = new Set(['state', 'conntrack', 'connlabel', 'connlimit', 'connmark']);

/** An IPv6 fragment that tracking takes apart looks like another packet afterwards: profiles conntrack and ipv6 have those. */
export function isFragment({ skb }: Stimulus): boolean {
  return skb.family === 6 && isFound(findHeader(skb, EXTENSION.fragment));
}

function ruleset(rules: readonly string[], { chain = 'PREROUTING', table = 'mangle' }: MatchWords): string {
  return tableText(
    table,
    rules.map((rule) => `-A ${chain} ${rule}`),
  );
}

/** With every built-in chain: iptables-nft-restore makes only those that are named, although iptables-nft-save prints all. */
export function tableText(table: TableName, rules: readonly string[]): string {
  const chains = BUILTIN_CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]`);
  return [`*${table}`, ...chains, ...rules, 'COMMIT', ''].join('\n');
}

/** Conditions that iptables-save leaves out as always true, although the `!` before them makes them never true. */
const LOST = /! --mh-type 0:255/;

/** Without what iptables refuses; what it takes and we don't is for the tables of rules to find. */
function loadable(rules: readonly string[], words: MatchWords, family: Family): string[] {
  return rules.filter((rule) => {
    const { issues } = parseSave(ruleset([rule], words), 'rules', { family });
    return issues.length === 0 && !LOST.test(rule);
  });
}
