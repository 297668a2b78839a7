/** iptables(8) and ip6tables(8) commands that change rules: do_commandx(), iptables/xtables-standalone.c. */
import type { Span } from '../../base/span.ts';
import type { Family } from '../../net/ip.ts';
import { parseRule } from '../../xtables/parse.ts';
import { printRule, printSpec } from '../../xtables/print.ts';
import {
  BUILTIN_CHAINS,
  type Chain,
  type Hook,
  type Rule,
  type Ruleset,
  TABLES,
  type Table,
  type TableName,
} from '../../xtables/rule.ts';
import type { Netns } from '../snapshot.ts';
import { RuleSequence } from './rule-sequence.ts';
import { type Problem, problem } from './words.ts';

/** `name` as it was called: iptables, ip6tables, with -nft or -legacy. */
export function applyIptables(
  netns: Netns,
  name: string,
  words: readonly string[],
  span: Span,
): Netns | Problem {
  const family: Family = name.startsWith('ip6') ? 6 : 4;
  const tableWord = optionValue(words, '-t', '--table') ?? 'filter';
  const tableName = TABLES.find((each) => each === tableWord);
  if (!tableName) return problem(`there is no table ${tableWord}`);
  const rulesets = (family === 4 ? netns.rulesets4 : netns.rulesets6) ?? [];
  const backend = backendOf(name, rulesets);
  const older = rulesets.find((ruleset) => ruleset.backend === backend);
  const hasNoTable = older?.tables.get(tableName) === undefined;
  // Emptying a table that isn't there does not make it.
  if (hasNoTable && isSweeping(words)) return netns;
  const table = copyTable(older?.tables.get(tableName), tableName);
  const fault = run({ words, family, table, span });
  if (fault) return fault;
  const tables = new Map(older?.tables).set(tableName, table);
  const newer: Ruleset = older ? { ...older, tables } : { family, backend, tables, path: span.path };
  const next = older ? rulesets.map((each) => (each === older ? newer : each)) : [...rulesets, newer];
  return family === 4 ? { ...netns, rulesets4: next } : { ...netns, rulesets6: next };
}

/** `-F`, `-X`, `-Z` without a chain. */
function isSweeping(words: readonly string[]): boolean {
  const at = words.findIndex((word) => /^(-[FXZ]|--flush|--delete-chain|--zero)$/.test(word));
  const next = words[at + 1];
  return at >= 0 && (next === undefined || next.startsWith('-'));
}

interface Run {
  readonly words: readonly string[];
  readonly family: Family;
  readonly table: Table;
  readonly span: Span;
}

function backendOf(name: string, rulesets: readonly Ruleset[]): Ruleset['backend'] {
  if (name.endsWith('-legacy')) return 'legacy';
  if (name.endsWith('-nft')) return 'nft';
  const [first] = rulesets;
  return rulesets.length === 1 && first ? first.backend : 'nft';
}

/** Its chains are shared, and stay what they are. A new table gets the chains that iptables-save shows for it: all. */
function copyTable(table: Table | undefined, name: TableName): Table {
  const chains = new Map(table?.chains);
  if (!table)
    for (const hook of BUILTIN_CHAINS[name]) chains.set(hook, { name: hook, policy: 'ACCEPT', rules: [] });
  return { name, chains };
}

const LONG: Readonly<Record<string, string>> = {
  '--append': '-A',
  '--insert': '-I',
  '--delete': '-D',
  '--replace': '-R',
  '--policy': '-P',
  '--flush': '-F',
  '--new-chain': '-N',
  '--new': '-N',
  '--delete-chain': '-X',
  '--rename-chain': '-E',
  '--zero': '-Z',
  '--check': '-C',
  '--list': '-L',
  '--list-rules': '-S',
};

function run(given: Run): Problem | undefined {
  const at = given.words.findIndex((word) => /^-[AIDRPFNXEZCLS]$/.test(word) || word in LONG);
  const word = given.words[at] ?? '';
  const operands = given.words.slice(at + 1);
  const [first, second] = operands.filter((_, i) =>
    operands.slice(0, i + 1).every((each) => !each.startsWith('-')),
  );
  switch (LONG[word] ?? word) {
    case '-A':
    case '-I':
    case '-R':
      return place(given, LONG[word] ?? word);
    case '-D':
      return remove(given);
    case '-P':
      return setPolicy(given, first, second);
    case '-F':
      return flush(given, first);
    case '-N':
      return newChain(given, first);
    case '-X':
      return deleteChain(given, first);
    case '-E':
      return rename(given, first, second);
    case '-Z':
      return undefined;
    case '':
      return problem('no command such as -A CHAIN given');
    default:
      return problem('it changes nothing');
  }
}

interface Spec {
  readonly chain: Chain;
  readonly rules: readonly Rule[];
  readonly position?: number;
}

function readSpec({ words, family, table, span }: Run): Spec | Problem {
  const parsed = parseRule(words, family, table.name, span);
  const error = parsed.issues.find((issue) => issue.severity === 'error');
  if (error) return problem(error.text);
  const name = parsed.chain;
  if (name === undefined) return problem('no chain given');
  const chain = chainOf(table, name);
  if (!chain) return problem(`table ${table.name} has no chain ${name}`);
  const rules = parsed.rules.map((rule) => ({ ...rule, text: printRule(rule, family, name) }));
  return { chain, rules, ...(parsed.position === undefined ? {} : { position: parsed.position }) };
}

/** A built-in chain comes into being with its first rule. */
function chainOf(table: Table, name: string): Chain | undefined {
  const known = table.chains.get(name);
  if (known || !(BUILTIN_CHAINS[table.name] as readonly string[]).includes(name)) return known;
  const chain: Chain = { name, policy: 'ACCEPT', rules: [] };
  table.chains.set(name, chain);
  return chain;
}

function place(given: Run, command: string): Problem | undefined {
  const spec = readSpec(given);
  if ('problem' in spec) return spec;
  const { chain, rules } = spec;
  let sequence = sequenceOf(chain, given.family);
  for (const { target } of rules) {
    if (target?.kind !== 'jump' && target?.kind !== 'goto') continue;
    if (reaches(given, target.chain, chain.name)) return problem(`${chain.name} would jump to itself`);
    if (!given.table.chains.has(target.chain)) {
      return problem(
        `table ${given.table.name} has no chain ${target.chain}, and no target of that name is known`,
      );
    }
  }
  const position = command === '-A' ? sequence.length + 1 : (spec.position ?? 1);
  const last = sequence.length + (command === '-R' ? 0 : 1);
  if (position > last) return problem(`chain ${chain.name} has only ${sequence.length} rules`);
  if (command === '-R') sequence = sequence.remove(position - 1);
  for (const [index, rule] of rules.entries()) sequence = sequence.insert(position - 1 + index, rule);
  put(given.table, chain, sequence);
  return undefined;
}

function remove(given: Run): Problem | undefined {
  const spec = readSpec(given);
  if ('problem' in spec) return spec;
  const { chain, rules, position } = spec;
  let sequence = sequenceOf(chain, given.family);
  if (position !== undefined) {
    if (position > sequence.length) return problem(`chain ${chain.name} has only ${sequence.length} rules`);
    put(given.table, chain, sequence.remove(position - 1));
    return undefined;
  }
  for (const rule of rules) {
    const index = sequence.find(printSpec(rule, given.family));
    if (index < 0) return problem(`chain ${chain.name} has no such rule`);
    sequence = sequence.remove(index);
  }
  put(given.table, chain, sequence);
  return undefined;
}

function setPolicy(
  { table, family }: Run,
  name: string | undefined,
  policy: string | undefined,
): Problem | undefined {
  if (policy !== 'ACCEPT' && policy !== 'DROP') return problem('a policy is ACCEPT or DROP');
  const isHook = (BUILTIN_CHAINS[table.name] as readonly (Hook | string | undefined)[]).includes(name);
  const chain = name === undefined || !isHook ? undefined : chainOf(table, name);
  if (!chain) return problem(`${name ?? ''} is no built-in chain of table ${table.name}`);
  put(table, { ...headOf(chain), policy }, sequenceOf(chain, family));
  return undefined;
}

function flush({ table, family }: Run, name: string | undefined): Problem | undefined {
  if (name !== undefined && !chainOf(table, name)) return problem(`table ${table.name} has no chain ${name}`);
  for (const chain of table.chains.values()) {
    if (name === undefined || chain.name === name) put(table, chain, emptied(family));
  }
  return undefined;
}

function newChain({ table }: Run, name: string | undefined): Problem | undefined {
  if (name === undefined) return problem('no chain given');
  if (chainOf(table, name)) return problem(`chain ${name} exists`);
  table.chains.set(name, { name, rules: [] });
  return undefined;
}

function deleteChain({ table, family }: Run, name: string | undefined): Problem | undefined {
  const builtin = BUILTIN_CHAINS[table.name] as readonly string[];
  const names =
    name === undefined ? [...table.chains.keys()].filter((each) => !builtin.includes(each)) : [name];
  for (const each of names) {
    const chain = table.chains.get(each);
    if (!chain || builtin.includes(each))
      return problem(`table ${table.name} has no chain ${each} that can be deleted`);
    if (sequenceOf(chain, family).length > 0) return problem(`chain ${each} is not empty`);
    const user = [...table.chains.values()].find((other) => sequenceOf(other, family).hasTarget(each));
    if (user) return problem(`chain ${user.name} jumps to ${each}`);
  }
  for (const each of names) table.chains.delete(each);
  return undefined;
}

function rename({ table }: Run, name: string | undefined, to: string | undefined): Problem | undefined {
  const chain = name === undefined ? undefined : table.chains.get(name);
  if (!chain || to === undefined || chain.policy !== undefined)
    return problem(`chain ${name ?? ''} can't be renamed`);
  if (chainOf(table, to)) return problem(`chain ${to} exists`);
  const renamed = [...table.chains].map(([key, each]): [string, Chain] => {
    const rules = each.rules.map((rule) =>
      jumpsTo(rule, chain.name) && (rule.target?.kind === 'jump' || rule.target?.kind === 'goto')
        ? { ...rule, target: { ...rule.target, chain: to } }
        : rule,
    );
    return key === chain.name ? [to, { ...each, name: to, rules }] : [key, { ...each, rules }];
  });
  table.chains.clear();
  for (const [key, each] of renamed) table.chains.set(key, each);
  return undefined;
}

/** Would a packet that enters `from` come to `to`? */
function reaches({ table, family }: Run, from: string, to: string): boolean {
  const seen = new Set([from]);
  // What is added while it is gone through is gone through as well.
  for (const name of seen) {
    if (name === to) return true;
    const chain = table.chains.get(name);
    if (chain) for (const target of sequenceOf(chain, family).targets) seen.add(target);
  }
  return false;
}

const SEQUENCES = new WeakMap<Chain, RuleSequence>();

function sequenceOf(chain: Chain, family: Family): RuleSequence {
  let sequence = SEQUENCES.get(chain);
  if (!sequence) {
    sequence = RuleSequence.of(chain.rules, (rule) => printSpec(rule, family));
    SEQUENCES.set(chain, sequence);
  }
  return sequence;
}

const emptied = (family: Family) => RuleSequence.of([], (rule) => printSpec(rule, family));

/** All of a chain but its rules, which cost their number to ask for. */
function headOf({ name, policy, counters, span }: Chain): Omit<Chain, 'rules'> {
  return { name, ...(policy && { policy }), ...(counters && { counters }), ...(span && { span }) };
}

/** The chain with other rules in its place. They are laid out when somebody reads them. */
function put(table: Table, chain: Omit<Chain, 'rules'>, sequence: RuleSequence): void {
  const { name, ...rest } = headOf(chain as Chain);
  const made: Chain = {
    name,
    ...rest,
    get rules() {
      return sequence.rules();
    },
  };
  SEQUENCES.set(made, sequence);
  table.chains.set(name, made);
}

function jumpsTo(rule: Rule, chain: string): boolean {
  return (rule.target?.kind === 'jump' || rule.target?.kind === 'goto') && rule.target.chain === chain;
}

function optionValue(words: readonly string[], ...names: readonly string[]): string | undefined {
  const at = words.findIndex((word) => names.includes(word));
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith('--table='))?.slice('--table='.length);
}
