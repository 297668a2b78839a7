/** Every match there is: one file each, one line each here. */
import type { Family } from '../net/ip.ts';
import type { MatchDefinition } from './extension.ts';
import { addrtype } from './matches/addrtype.ts';
import { comment } from './matches/comment.ts';
import { conntrack } from './matches/conntrack.ts';
import { icmp, icmp6 } from './matches/icmp.ts';
import { limit } from './matches/limit.ts';
import { mark } from './matches/mark.ts';
import { multiport } from './matches/multiport.ts';
import { physdev } from './matches/physdev.ts';
import { set } from './matches/set.ts';
import { state } from './matches/state.ts';
import { tcp } from './matches/tcp.ts';
import { udp, udplite } from './matches/udp.ts';
import { optionNames } from './options.ts';

export const MATCHES: readonly MatchDefinition[] = [
  addrtype,
  comment,
  conntrack,
  icmp,
  icmp6,
  limit,
  mark,
  multiport,
  physdev,
  set,
  state,
  tcp,
  udp,
  udplite,
];

const BY_NAME = new Map<string, MatchDefinition>();
for (const match of MATCHES) {
  for (const family of match.families ?? ([4, 6] as const)) {
    for (const name of [match.name, ...(match.aliases ?? [])]) BY_NAME.set(`${family} ${name}`, match);
  }
}

export function findMatch(name: string, family: Family): MatchDefinition | undefined {
  return BY_NAME.get(`${family} ${name}`);
}

/** Names of the matches that have the option, for telling what is missing before it. */
export function matchesWithOption(option: string, family: Family): string[] {
  return MATCHES.filter(
    (match) => (match.families ?? [family]).includes(family) && optionNames(match.options).has(option),
  ).map((match) => match.name);
}
