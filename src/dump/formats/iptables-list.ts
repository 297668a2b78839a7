/** `iptables -L` and `iptables -S`, of either family and backend; the rules themselves are read by xtables. */
import { LISTED_CHAIN, LISTED_HEADER } from '../../xtables/list-reader.ts';
import { type ListOptions, parseList, parseListRules } from '../../xtables/parse.ts';
import { because, type Format, type Parsed, sample } from '../format.ts';
import type { Hint } from '../hint.ts';
import type { DumpText } from '../text.ts';

export const iptablesL: Format = {
  id: 'iptables-l',
  command: 'iptables -L -n -v',
  recognise(text) {
    let chain: string | undefined;
    for (const { line, number } of sample(text)) {
      if (LISTED_CHAIN.test(line)) chain ??= because(number, line);
      else if (chain !== undefined && LISTED_HEADER.test(line)) return chain;
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
