/** The commands of iptables-restore's lines, done to the table that is open. */
import { type BuiltRules, hookOf } from './build.ts';
import type { Chain, Rule, TableName } from './rule.ts';
import { bare } from './tokens.ts';

export interface OpenTable {
  readonly name: TableName;
  readonly chains: Map<string, Chain>;
}

/** Tells an error of the line at hand. */
export type Complain = (code: string, text: string) => void;

/** What a line of a dump does to its table: -A, and the other commands that scripts and people put there. */
export function applyCommand({ raw, rules }: BuiltRules, table: OpenTable, complain: Complain): void {
  const [name = '', word, extra] = raw.command?.words ?? [];
  const command = raw.command?.name;
  if (command === undefined) {
    complain('unreadable-line', 'expected a command such as -A CHAIN');
    return;
  }
  const optional = name === '' && (command === 'flush' || command === 'delete-chain' || command === 'zero');
  const renamed = command === 'rename-chain' ? (word ?? '') : name;
  if (!optional && !(isChainName(name) && isChainName(renamed))) {
    complain(
      'bad-chain-name',
      `${shorten(name)} is no chain name: expected a word without blanks and quotes`,
    );
    return;
  }
  const place = Number(word ?? 1);
  switch (command) {
    case 'append':
      for (const rule of rules) chainOf(table, name).rules.push(rule);
      return;
    case 'insert':
      if (within(table, name, place, 1, complain)) chainOf(table, name).rules.splice(place - 1, 0, ...rules);
      return;
    case 'replace':
      if (within(table, name, place, 0, complain)) chainOf(table, name).rules.splice(place - 1, 1, ...rules);
      return;
    case 'delete': {
      const list = chainOf(table, name).rules;
      if (word === undefined) {
        const wanted = rules.map((rule) => comparable(rule));
        const at = list.findIndex((rule) => wanted.includes(comparable(rule)));
        if (at >= 0) list.splice(at, 1);
        else complain('no-such-rule', `chain ${name} has no such rule to delete`);
      } else if (within(table, name, place, 0, complain)) list.splice(place - 1, 1);
      return;
    }
    case 'new-chain':
      chainOf(table, name);
      return;
    case 'policy': {
      const chain = chainOf(table, name);
      if ((word === 'ACCEPT' || word === 'DROP') && hookOf(table.name, name)) chain.policy = word;
      else
        complain(
          'bad-policy',
          `-P ${bare(name)} ${word ?? ''}: expected a built-in chain of table ${table.name} and ACCEPT or DROP`,
        );
      return;
    }
    case 'flush':
      for (const chain of name === '' ? table.chains.values() : [chainOf(table, name)])
        chain.rules.length = 0;
      return;
    case 'delete-chain':
      for (const each of name === '' ? [...table.chains.keys()] : [name]) {
        if (!hookOf(table.name, each)) table.chains.delete(each);
      }
      return;
    case 'rename-chain': {
      const chain = table.chains.get(name);
      if (chain && word !== undefined && extra === undefined) {
        table.chains.delete(name);
        table.chains.set(word, { ...chain, name: word });
      } else complain('no-such-chain', `-E: there is no chain ${bare(name)}`);
      return;
    }
    case 'check':
    case 'zero':
    case 'list':
    case 'list-rules':
      return;
  }
}

export function chainOf(table: OpenTable, name: string): Chain {
  const known = table.chains.get(name);
  if (known) return known;
  const chain: Chain = {
    name,
    rules: [],
    ...(hookOf(table.name, name) ? { policy: 'ACCEPT' as const } : {}),
  };
  table.chains.set(name, chain);
  return chain;
}

function within(table: OpenTable, name: string, place: number, beyond: number, complain: Complain): boolean {
  const count = chainOf(table, name).rules.length;
  if (Number.isInteger(place) && place >= 1 && place <= count + beyond) return true;
  complain('bad-position', `position ${place} in chain ${name}: it has ${count} rules`);
  return false;
}

export function isChainName(name: string): boolean {
  return /^[^\s"]+$/.test(name);
}

export function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

const comparables = new WeakMap<Rule, string>();

/** What makes two rules the same for -D and -C: everything but counters, text and place. */
function comparable(rule: Rule): string {
  const known = comparables.get(rule);
  if (known !== undefined) return known;
  const { counters: _counters, text: _text, span: _span, ...spec } = rule;
  const text = JSON.stringify(spec, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
  comparables.set(rule, text);
  return text;
}
