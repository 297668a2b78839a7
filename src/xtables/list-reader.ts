/** `iptables -L` and `ip6tables -L`, with or without -n, -v, -x and --line-numbers: list_entries() of iptables.c and ip6tables.c. */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import type { Family } from '../net/ip.ts';
import { buildRules, hookOf } from './build.ts';
import { type ListColumns, type ListedRule, readListLine } from './list-line.ts';
import type { ParsedRuleset } from './parse.ts';
import { BUILTIN_CHAINS, type Chain, type Rule, type Ruleset, type Table, type TableName } from './rule.ts';
import { type RuleLimits, RuleRoom } from './rule-room.ts';
import { shorten } from './save-commands.ts';
import { settleTargets } from './settle.ts';
import type { Token } from './tokens.ts';
import { tellTable } from './told-table.ts';

export interface ListOptions {
  readonly family?: Family;
  readonly backend?: Ruleset['backend'];
  /** As the command line has it (`-t nat`). */
  readonly table?: TableName;
  readonly limits?: RuleLimits;
}

export const LISTED_CHAIN =
  /^\s*Chain (\S+) \((?:policy (\S+?)(?: (\d+[KMGTP]?) packets, (\d+[KMGTP]?) bytes)?|(\d+) references?)(?:\s.*)?\)\s*$/;
export const LISTED_HEADER =
  /^\s*(num\s+)?(pkts\s+bytes\s+)?target\s+prot\s+opt\s+(in\s+out\s+)?sources?\s+destinations?\b/;

/** Its column `opt`: print_firewall() of iptables.c, print_rule_details() of nft-shared.c. */
export const LISTED_RULE = /^\s*\S+\s.*\s(?:--|-f|!f)\s/;

interface Line {
  readonly text: string;
  readonly number: number;
}

interface ListedChain {
  readonly name: string;
  readonly policy?: string;
  readonly counters?: readonly [string, string];
  readonly line: number;
  columns: ListColumns;
  readonly lines: Line[];
}

const ROUNDED = /[KMGTP]$/;

/** Never throws; a line that isn't a rule keeps its place in its chain, as a rule of unknown outcome. */
export function parseList(text: string, path: string, options: ListOptions = {}): ParsedRuleset {
  // iptables ends what it prints of a bpf program with a NUL.
  const lines = text.replaceAll('\0', '').split('\n');
  const issues: Issue[] = [];
  const family = options.family ?? familyOfList(lines);
  const ruleset: Ruleset = {
    family,
    backend: options.backend ?? 'nft',
    tables: new Map(),
    path,
    listing: true,
  };
  const room = new RuleRoom(options.limits ?? DEFAULT_LIMITS);
  const said = new Set<string>();
  /** Once a file: what holds for many of its lines. */
  const once = (code: string, line: number, message: string): void => {
    if (said.has(code)) return;
    said.add(code);
    issues.push({ severity: 'warning', code, text: message, path, line });
  };
  const complain = (code: string, line: number, message: string): void => {
    issues.push({ severity: 'warning', code, text: message, path, line });
  };
  for (const { chains, told } of segments(lines, options.table, complain)) {
    const read = chains.map((chain) => ({
      chain,
      rules: chain.lines.map((line) => ({ line, rule: readListLine(line.text, chain.columns, family) })),
    }));
    const targets = new Set(read.flatMap(({ rules }) => rules.flatMap(({ rule }) => rule?.target ?? [])));
    const table = told
      ? { name: told, assumed: false }
      : tellTable(
          chains.map(({ name }) => name),
          targets,
        );
    const first = chains[0]?.line ?? 1;
    if (table.assumed) {
      complain(
        'table-assumed',
        first,
        `iptables -L does not print the table's name, and nothing here tells it: taken for ${table.name}`,
      );
    }
    const into: Table = ruleset.tables.get(table.name) ?? { name: table.name, chains: new Map() };
    ruleset.tables.set(table.name, into);
    for (const { chain, rules } of read) {
      if (!chain.columns.interfaces && rules.length > 0) {
        once(
          'list-interfaces',
          chain.line,
          'without -v no interfaces are printed: whether a rule is for one is unknown; `iptables -S` or `iptables-save` tells',
        );
      }
      const counted = chain.counters ?? [];
      if (counted.some((count) => ROUNDED.test(count)) || rules.some(({ rule }) => rule?.rounded)) {
        once(
          'list-rounded',
          chain.line,
          'counters are rounded to thousands or more; `iptables -L -x` or `iptables-save -c` has them exact',
        );
      }
      into.chains.set(chain.name, chainOf(chain, table.name, path, complain));
      const list = into.chains.get(chain.name)?.rules ?? [];
      for (const { line, rule } of rules) {
        if (room.isFull) {
          room.pass(list, line.text, { path, line: line.number });
          continue;
        }
        const made = ruleOf(line, rule, chain.name, into.name, ruleset, issues);
        for (const each of made) list.push(each);
        room.take(made.length);
      }
    }
    noteUnlisted(into, first, complain);
  }
  issues.push(...room.issues(), ...settleTargets(ruleset));
  return { ruleset, issues };
}

interface Segment {
  readonly chains: ListedChain[];
  readonly told: TableName | undefined;
}

/** A new table begins where a chain comes again, or a built-in chain behind others: iptables prints those first. */
function segments(
  lines: readonly string[],
  table: TableName | undefined,
  complain: (code: string, line: number, text: string) => void,
): Segment[] {
  const list: Segment[] = [];
  let told = table;
  let columns: ListColumns = { number: false, counters: false, interfaces: false };
  let chain: ListedChain | undefined;
  /**
   * Blank lines end a chain: what follows is none of its rules, unless it is one, with at most one other line between, which
   * wasn't the next chain's: below that stand names of columns.
   */
  let ended: false | 'blank' | 'strange' | 'lost' = false;
  for (const [i, text] of lines.entries()) {
    const number = i + 1;
    const named = /^\s*(?:# )?Table:? [`'"]?(raw|mangle|nat|filter|security)\b/.exec(text)?.[1] as
      | TableName
      | undefined;
    const opened = LISTED_CHAIN.exec(text);
    const header = LISTED_HEADER.exec(text);
    if (named !== undefined) {
      told = named;
      list.push({ chains: [], told });
      chain = undefined;
    } else if (opened) {
      const [, name = '', policy, packets, bytes] = opened;
      chain = {
        name,
        ...(policy === undefined ? {} : { policy }),
        ...(packets === undefined || bytes === undefined ? {} : { counters: [packets, bytes] as const }),
        line: number,
        columns,
        lines: [],
      };
      const last = list.at(-1);
      if (!last || startsTable(last.chains, name)) list.push({ chains: [chain], told });
      else last.chains.push(chain);
      ended = false;
    } else if (header) {
      columns = {
        number: header[1] !== undefined,
        counters: header[2] !== undefined,
        interfaces: header[3] !== undefined,
      };
      if (chain && !ended) chain.columns = columns;
      else ended &&= 'lost';
    } else if (text.trim() === '') ended ||= chain !== undefined && 'blank';
    else if (/^\s*#/.test(text)) {
      if (/legacy tables present/.test(text)) {
        complain(
          'legacy-tables',
          number,
          'the legacy tables hold rules too, which this listing does not show; add the output of `iptables-legacy-save -c`',
        );
      } else if (/is incompatible/.test(text)) {
        complain(
          'incompatible-table',
          number,
          `${text.trim().replace(/^# /, '')}: what it holds is not shown here`,
        );
      }
    } else if (chain && (!ended || (ended !== 'lost' && LISTED_RULE.test(text)))) {
      ended = false;
      chain.lines.push({ text, number });
    } else {
      ended &&= ended === 'blank' ? 'strange' : 'lost';
      complain('dump-line', number, `expected a line \`Chain NAME (…)\`, found ${shorten(text.trim())}`);
    }
  }
  return list.filter(({ chains }) => chains.length > 0);
}

function startsTable(chains: readonly ListedChain[], name: string): boolean {
  if (chains.some((each) => each.name === name)) return true;
  const builtin = (each: string): boolean =>
    Object.values(BUILTIN_CHAINS).some((hooks) => hooks.some((hook) => hook === each));
  return builtin(name) && chains.some((each) => !builtin(each.name));
}

function chainOf(
  { name, policy, counters, line }: ListedChain,
  table: TableName,
  path: string,
  complain: (code: string, line: number, text: string) => void,
): Chain {
  const hook = hookOf(table, name);
  const verdict = policy === 'DROP' ? 'DROP' : 'ACCEPT';
  if (hook && policy !== verdict) {
    complain(
      'bad-policy',
      line,
      `chain ${name}: expected policy ACCEPT or DROP, found ${policy ?? 'none'}; taken for ACCEPT`,
    );
  }
  return {
    name,
    rules: [],
    span: { path, line },
    ...(hook ? { policy: verdict } : {}),
    ...(counters ? { counters: { packets: numberOf(counters[0]), bytes: numberOf(counters[1]) } } : {}),
  };
}

function numberOf(count: string): number {
  const factor = { K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 }[count.at(-1) ?? ''] ?? 1;
  return Number(count.replace(/\D$/, '')) * factor;
}

function ruleOf(
  line: Line,
  listed: ListedRule | undefined,
  chain: string,
  table: TableName,
  { family, path }: Ruleset,
  issues: Issue[],
): readonly Rule[] {
  const span = { path, line: line.number };
  if (!listed) {
    const why = `${shorten(line.text.trim())} has not the columns of a rule: iptables -S or iptables-save tells what stands there`;
    issues.push({ severity: 'warning', code: 'dump-line', text: why, ...span });
    return [
      {
        matches: [{ name: '', info: { unparsed: [], why } }],
        target: { kind: 'extension', name: '?', info: { unparsed: [], why } },
        text: line.text.trim(),
        span,
      },
    ];
  }
  const tokens: Token[] = [{ text: '-A', quoted: false }, { text: chain, quoted: true }, ...listed.tokens];
  const built = buildRules(tokens, {
    family,
    table,
    span,
    text: sayRule(chain, listed),
    saved: true,
    ...(listed.counters ? { counters: listed.counters } : {}),
  });
  issues.push(...built.issues);
  for (const { words, why } of listed.unknown) {
    if (words.length > 0 || !why.startsWith('iptables -L without')) {
      issues.push({ severity: 'warning', code: 'list-lossy', text: why, ...span });
    }
  }
  const lost = listed.unknown.map(({ words, why }) => ({ name: '', info: { unparsed: words, why } }));
  return built.rules.map((rule) => ({ ...rule, matches: [...lost, ...rule.matches] }));
}

/** The rule as `iptables -S` would have it. */
function sayRule(chain: string, { tokens, unknown }: ListedRule): string {
  const words = tokens.map(({ text, quoted }) =>
    quoted && /[\s"]|^[!-]|^$/.test(text) ? JSON.stringify(text) : text,
  );
  return ['-A', chain, ...unknown.flatMap((each) => each.words), ...words].join(' ');
}

/** -L of one chain says nothing about the others. */
export function noteUnlisted(
  table: Table,
  line: number,
  complain: (code: string, line: number, text: string) => void,
): void {
  const missing = BUILTIN_CHAINS[table.name].filter((hook) => !table.chains.has(hook));
  // nat had no INPUT chain before Linux 2.6.36.
  const old = table.name === 'nat' && missing.join() === 'INPUT';
  if (missing.length === 0 || old) return;
  complain(
    'chains-unlisted',
    line,
    `only ${[...table.chains.keys()].join(', ')} of table ${table.name} is shown: what ${missing.join(', ')} holds is unknown`,
  );
}

export function familyOfList(lines: readonly string[]): Family {
  for (const line of lines) {
    if (
      /\s!?(?:[0-9a-f]*:){2,}[0-9a-f.:]*(?:\/\S+)?(?=\s|$)/i.test(line) &&
      /::\/0|\s(?:--|all|\d+)\s/.test(line)
    ) {
      if (/::\/0/.test(line)) return 6;
    }
    if (/\b0\.0\.0\.0\/0\b|\s!?(?:\d{1,3}\.){3}\d{1,3}(?:\/\d+)?\s/.test(line)) return 4;
    if (/\s(?:ipv6-icmp|icmpv6)\s|\sicmp6-/.test(line)) return 6;
  }
  return 4;
}
