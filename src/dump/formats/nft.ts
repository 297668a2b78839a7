/** The text of `nft list ruleset`, with or without -a and -s: tables, their chains, and how many rules those have. */
import type { Issue } from '../../base/issue.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { chainsOf, type NftChainDraft, type NftTable, parsePriority } from '../nft-record.ts';
import type { DumpText } from '../text.ts';

/** Without a family it is ip: a ruleset as somebody wrote it. */
const TABLE = /^\s*table (?:(ip|ip6|inet|arp|bridge|netdev) )?(\S+) \{/;
const MANAGED = /^\s*# Warning: table (\S+) (\S+) is managed by iptables-nft/;
const CHAIN = /^\s*chain (\S+) \{/;
const HOOK =
  /\btype (\S+) hook (\S+)(?: devices? (?:= )?(?:\{[^}]*\}|\S+))? priority ([^;]+);(?: policy (\w+);)?/;

export const nft: Format = {
  id: 'nft',
  command: 'nft list ruleset',
  recognise: (text) => firstLine(text, TABLE) ?? firstLine(text, MANAGED),
  parse: parseTables,
};

interface State {
  readonly tables: NftTable[];
  readonly managed: Set<string>;
  table?: NftTable | undefined;
  chain?: NftChainDraft | undefined;
  /** Open braces: 1 inside a table, 2 inside a chain or set. */
  depth: number;
}

function parseTables(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const state: State = { tables: [], managed: new Set(), depth: 0 };
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const managed = MANAGED.exec(line);
    if (managed) state.managed.add(`${managed[1]} ${managed[2]}`);
    else if (!take(state, line, { path: text.path, line: index + 1 })) {
      issues.push(badLine(text.path, index + 1, line, 'a table: `table inet filter {`'));
    }
  });
  for (const table of state.tables) table.managed ||= state.managed.has(`${table.family} ${table.name}`);
  return { content: { kind: 'nft', chains: chainsOf(state.tables) }, issues };
}

function take(state: State, line: string, span: { path: string; line: number }): boolean {
  const bare = unquoted(line);
  const before = state.depth;
  const { lowest, depth } = countBraces(bare, before);
  state.depth = depth;
  const table = TABLE.exec(bare);
  if (table && before <= 1) {
    state.table = {
      family: table[1] ?? '',
      name: table[2] ?? '',
      chains: [],
      managed: false,
      foreign: false,
    };
    state.tables.push(state.table);
    state.chain = undefined;
    state.depth = Math.max(depth - before, 0);
    return true;
  }
  if (!state.table) return before > 0 || /^\s*(?:#|\})/.test(bare);
  if (before === 1) {
    const chain = CHAIN.exec(bare);
    state.chain = chain
      ? { family: state.table.family, table: state.table.name, name: chain[1] ?? '', ruleCount: 0, span }
      : undefined;
    if (state.chain) {
      state.table.chains.push(state.chain);
      takeHook(state.table, state.chain, bare);
    } else if (depth === 2) state.table.foreign = true;
  } else if (before === 2 && state.chain && lowest === 2) takeRule(state.table, state.chain, bare);
  if (lowest < 2) state.chain = depth >= 2 ? state.chain : undefined;
  if (lowest < 1) state.table = undefined;
  return true;
}

function takeHook(table: NftTable, chain: NftChainDraft, line: string): boolean {
  const hook = HOOK.exec(line);
  if (!hook) return false;
  const [, type = '', name = '', priority = '', policy] = hook;
  chain.type = type;
  chain.hook = name;
  const number = parsePriority(priority, table.family);
  if (number !== undefined) chain.priority = number;
  if (policy !== undefined) chain.policy = policy;
  return true;
}

/** A line of a chain: where it hangs, or a rule. A rule that goes over several lines has its braces open in between. */
function takeRule(table: NftTable, chain: NftChainDraft, line: string): void {
  if (takeHook(table, chain, line)) return;
  if (/^\s*(?:policy \w+;|comment |flags |#)/.test(line) || line.trim() === '') return;
  chain.ruleCount++;
  if (!/\bcounter\b/.test(line)) table.foreign = true;
}

/** Quoted strings may hold braces. */
function unquoted(line: string): string {
  return line.includes('"') ? line.replace(/"[^"]*"/g, '""') : line;
}

function countBraces(line: string, start: number): { depth: number; lowest: number } {
  let depth = start;
  let lowest = start;
  for (const char of line) {
    if (char === '#' && depth <= 2) break;
    if (char === '{') depth++;
    else if (char === '}') lowest = Math.min(lowest, --depth);
  }
  return { depth: Math.max(depth, 0), lowest: Math.max(lowest, 0) };
}
