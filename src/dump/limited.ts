/** What a dump holds, without what is beyond the limits; and issues that tell of it. */
import type { Issue } from '../base/issue.ts';
import { type InputLimits, type LimitName, limitIssue } from '../base/limits.ts';
import type { IpSet } from '../ipset/record.ts';
import type { NftChain, NftRule, NftRuleset } from '../nft/ruleset.ts';
import type { DumpContent } from './dump.ts';
import type { Parsed } from './format.ts';

/** Rules of iptables are not among them: their reader stops by itself, since one line may stand for many. */
export function limited({ content, issues }: Parsed, path: string, limits: InputLimits): Parsed {
  const own: Issue[] = [];
  const cut: Cut = (name, list, what, skipped, lineOf) => {
    if (list.length <= limits[name]) return list;
    const beyond = list[limits[name]];
    const line = beyond === undefined ? undefined : lineOf(beyond);
    const found = `it has ${list.length.toLocaleString('en')} ${what}`;
    own.push(limitIssue(name, limits, found, skipped, { severity: 'error', path, ...(line && { line }) }));
    return list.slice(0, limits[name]);
  };
  const kept = limitedContent(content, cut, limits);
  return own.length === 0 ? { content, issues } : { content: kept, issues: [...issues, ...own] };
}

type Cut = <T>(
  name: LimitName,
  list: readonly T[],
  what: string,
  skipped: string,
  lineOf: (item: T) => number | undefined,
) => readonly T[];

function limitedContent(content: DumpContent, cut: Cut, limits: InputLimits): DumpContent {
  switch (content.kind) {
    case 'links': {
      const skipped = 'this one and those behind it are taken as not there';
      return {
        ...content,
        links: cut('links', content.links, 'interfaces', skipped, ({ span }) => span.line),
      };
    }
    case 'conntrack': {
      const skipped = 'this one and those behind it are taken as not there';
      const entries = cut('connections', content.entries, 'connections', skipped, ({ span }) => span.line);
      return { ...content, entries };
    }
    case 'ipsets':
      return { ...content, sets: limitedSets(content.sets, cut, limits) };
    case 'nft':
      return { ...content, ruleset: limitedRuleset(content.ruleset, cut, limits) };
    default:
      return content;
  }
}

/** Sets that lose elements are as if only their headers had been printed. */
function limitedSets(sets: readonly IpSet[], cut: Cut, limits: InputLimits): readonly IpSet[] {
  const kept = cut('sets', sets, 'sets', 'this one and those behind it are unknown', (set) => set.span.line);
  let left = limits.setElements;
  const over = kept.filter((set) => {
    const { length = 0 } = set.entries ?? {};
    if (length > left) return true;
    left -= length;
    return false;
  });
  if (over.length === 0) return kept;
  const elements = kept.flatMap((set) => set.entries ?? []);
  const names = over
    .map(({ name }) => name)
    .slice(0, 8)
    .join(', ');
  const skipped = `of ${names}${over.length > 8 ? ` and ${over.length - 8} more` : ''} no element is known`;
  cut('setElements', elements, 'elements in sets', skipped, ({ span }) => span.line);
  const lost = new Set(over);
  return kept.map((set) => {
    if (!lost.has(set)) return set;
    const { entries: _, ...header } = set;
    return header;
  });
}

/** In each chain that has more, a rule of unknown outcome stands for the others. */
function limitedRuleset(ruleset: NftRuleset, cut: Cut, limits: InputLimits): NftRuleset {
  const rules = ruleset.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  const skipped =
    'this one and those behind it are not read, what becomes of packets that get there is unknown';
  if (cut('rules', rules, 'rules', skipped, ({ span }) => span.line) === rules) return ruleset;
  let left = limits.rules;
  const ofChain = (chain: NftChain): NftChain => {
    const kept = chain.rules.slice(0, left);
    const [first] = chain.rules.slice(left, left + 1);
    left -= kept.length;
    return first ? { ...chain, rules: [...kept, unread(first)] } : chain;
  };
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) => ({ ...table, chains: table.chains.map(ofChain) })),
  };
}

function unread({ text, span }: NftRule): NftRule {
  const why = 'this rule and those behind it are not read (--limit rules)';
  return { statements: [{ kind: 'unknown', text: text.slice(0, 400), why }], text: text.slice(0, 400), span };
}
