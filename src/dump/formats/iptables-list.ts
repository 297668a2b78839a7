/** `iptables -L` and `iptables -S`, of either family and backend; the rules themselves are read by xtables. */
import { LISTED_CHAIN, LISTED_HEADER, LISTED_RULE } from '../../xtables/list-reader.ts';
import { type ListOptions, parseList, parseListRules } from '../../xtables/parse.ts';
import { because, type Format, type Parsed, sample } from '../format.ts';
import type { Hint } from '../hint.ts';
import type { DumpText } from '../text.ts';

export const iptablesL: Format = {
  id: 'iptables-l',
  command: 'iptables -L -n -v',
  /** By a chain's line and the names of its columns, one of which may be damaged: then by the other and a rule. */
  recognise(text) {
    let first: { readonly isChain: boolean; readonly why: string } | undefined;
    for (const { line, number } of sample(text)) {
      const isChain = LISTED_CHAIN.test(line);
      const isHeading = isChain || LISTED_HEADER.test(line);
      if (first && (isHeading ? isChain !== first.isChain : LISTED_RULE.test(line))) return first.why;
      if (isHeading) first ??= { isChain, why: because(number, line) };
    }
    return undefined;
  },
  parse: (text, hint) => parsed(parseList(contentOf(text), text.path, optionsOf(text, hint))),
};

const RULE = /^\s*-(?:[PNA]|-policy|-new-chain|-append) \S+/;
const POLICY = /^\s*-(?:P [A-Z]+ (?:ACCEPT|DROP)\b|N \S+\s*$)/;

export const iptablesS: Format = {
  id: 'iptables-s',
  command: 'iptables -S',
  /** Policies and chains come first. Rules alone (`-A …`) are what somebody wrote or cut out. */
  recognise(text) {
    let first: string | undefined;
    let seen = 0;
    let known = 0;
    for (const { line, number } of sample(text)) {
      if (/^\s*#/.test(line)) continue;
      seen++;
      if (!RULE.test(line)) continue;
      known++;
      if (POLICY.test(line)) first = because(number, line);
      else first ??= because(number, line);
    }
    return known * 2 >= seen ? first : undefined;
  },
  parse: (text, hint) => parsed(parseListRules(contentOf(text), text.path, optionsOf(text, hint))),
};

function contentOf(text: DumpText): string {
  return text.lines.join('\n');
}

function optionsOf({ limits }: DumpText, hint: Hint | undefined): ListOptions {
  return {
    limits,
    ...(hint?.family === undefined ? {} : { family: hint.family }),
    ...(hint?.table === undefined ? {} : { table: hint.table }),
    ...(hint?.legacy ? { backend: 'legacy' } : {}),
  };
}

function parsed({ ruleset, issues }: ReturnType<typeof parseList>): Parsed {
  return { content: { kind: 'ruleset', ruleset }, issues };
}
