/** `iptables -S` and `ip6tables -S`, with or without -v: list_rules() of iptables.c and ip6tables.c. */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import { type ListOptions, noteUnlisted } from './list-reader.ts';
import { familyOfText, type ParsedRuleset } from './parse.ts';
import type { Ruleset } from './rule.ts';
import { SaveReader } from './save-reader.ts';
import { tellTable } from './told-table.ts';

interface Line {
  readonly text: string;
  readonly number: number;
}

const POLICY = /^-(?:P|-policy)\s+(\S+)\s+(\S+)(?:\s+-c\s+(\d+)\s+(\d+))?/;
const CHAIN = /^-(?:[PNA]|-policy|-new-chain|-append)\s+(\S+)/;

/** As parseSave: never throws, and loses no rule. */
export function parseListRules(text: string, path: string, options: ListOptions = {}): ParsedRuleset {
  const lines = text.split('\n').map((line, i): Line => ({ text: line.trim(), number: i + 1 }));
  const ruleset: Ruleset = {
    family: options.family ?? familyOfText(lines.map((line) => line.text)),
    backend: options.backend ?? 'nft',
    tables: new Map(),
    path,
    listing: true,
  };
  const issues: Issue[] = [];
  const complain = (code: string, line: number, text: string): void => {
    issues.push({ severity: 'warning', code, text, path, line });
  };
  const reader = new SaveReader(ruleset, options.limits ?? DEFAULT_LIMITS);
  for (const segment of segments(lines)) {
    const [first] = segment;
    if (!first) continue;
    const told = options.table ? { name: options.table, assumed: false } : tell(segment);
    if (told.assumed) {
      const text = `iptables -S does not print the table's name, and nothing here tells it: taken for ${told.name}`;
      complain('table-assumed', first.number, text);
    }
    if (!ruleset.tables.has(told.name)) reader.line(`*${told.name}`, first.number);
    for (const { text, number } of segment) {
      const policy = POLICY.exec(text);
      const [, chain = '', verdict = '', packets, bytes] = policy ?? [];
      if (!policy) reader.line(text, number);
      else
        reader.line(`:${chain} ${verdict}${packets === undefined ? '' : ` [${packets}:${bytes}]`}`, number);
    }
    const table = ruleset.tables.get(told.name);
    if (table) noteUnlisted(table, first.number, complain);
  }
  reader.finish();
  return { ruleset, issues: [...issues, ...reader.issues] };
}

/** A new table begins with a block of -P lines behind rules, one of which is for a chain that already has its policy. */
function segments(lines: readonly Line[]): Line[][] {
  const list: Line[][] = [];
  let current: Line[] = [];
  let policies = new Set<string>();
  let others = false;
  for (const [i, line] of lines.entries()) {
    if (line.text === '' || line.text.startsWith('#')) continue;
    const chain = POLICY.exec(line.text)?.[1];
    if (chain !== undefined && others && policyBlock(lines, i).some((each) => policies.has(each))) {
      list.push(current);
      current = [];
      policies = new Set();
    }
    others = chain === undefined;
    if (chain !== undefined) policies.add(chain);
    current.push(line);
  }
  return [...list, current];
}

function policyBlock(lines: readonly Line[], from: number): string[] {
  const chains: string[] = [];
  for (const { text } of lines.slice(from, from + 8)) {
    const chain = POLICY.exec(text)?.[1];
    if (chain === undefined) break;
    chains.push(chain);
  }
  return chains;
}

function tell(segment: readonly Line[]): ReturnType<typeof tellTable> {
  const chains = segment.flatMap(({ text }) => CHAIN.exec(text)?.[1] ?? []);
  const targets = new Set(segment.flatMap(({ text }) => /\s-j\s+(\S+)/.exec(text)?.[1] ?? []));
  return tellTable([...new Set(chains)], targets);
}
