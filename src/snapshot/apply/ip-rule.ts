/** `ip rule add|del|flush`: iprule_modify() of iproute2; fib_default_rule_pref(), net/core/fib_rules.c. */
import type { Span } from '../../base/span.ts';
import type { IpRule } from '../../dump/records.ts';
import { type Family, familyOf } from '../../net/ip.ts';
import { formatPrefix, type Prefix, parsePrefix } from '../../net/prefix.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { effectiveRules } from '../effective-routes.ts';
import type { Netns } from '../snapshot.ts';
import { tableName } from './route-words.ts';
import { type Problem, problem, type Words } from './words.ts';

type Selectors = { -readonly [K in keyof IpRule]?: IpRule[K] };

export function applyRule(netns: Netns, words: Words, hint: Family, span: Span): Netns | Problem {
  const text = words.rest().slice(1).join(' ');
  const action = words.takeAction(['add', 'delete', 'flush', 'show', 'list', 'lst'] as const);
  if (action === undefined || action === 'show' || action === 'list' || action === 'lst') {
    return problem('it changes nothing');
  }
  const given = parse(words, hint);
  if ('problem' in given) return given;
  const family = given.family ?? hint;
  const rules = [...effectiveRules(netns, family).rules];
  if (action === 'flush') {
    return withRules(
      netns,
      family,
      rules.filter((rule) => rule.priority === 0),
    );
  }
  if (action === 'delete') {
    const found = rules.find((rule) => matches(rule, given));
    if (!found) return problem(`${netns.name} has no such rule`);
    return withRules(
      netns,
      family,
      rules.filter((rule) => rule !== found),
    );
  }
  if (!given.action) return problem('a rule needs a table or an action');
  const rule: IpRule = {
    ...given,
    family,
    priority: given.priority ?? defaultPriority(rules),
    invert: given.invert ?? false,
    action: given.action,
    text,
    span,
  };
  if (rules.some((other) => other.priority === rule.priority && fingerprint(other) === fingerprint(rule))) {
    return problem('the rule exists');
  }
  const at = rules.findIndex((other) => other.priority > rule.priority);
  rules.splice(at < 0 ? rules.length : at, 0, rule);
  return withRules(netns, family, rules);
}

/** One before the second rule, so that a new one comes right behind table local's. */
function defaultPriority(rules: readonly IpRule[]): number {
  const second = rules[1]?.priority ?? 0;
  return second > 0 ? second - 1 : 0;
}

function parse(words: Words, hint: Family): Selectors | Problem {
  const given: Selectors = {};
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'not') {
      given.invert = true;
      continue;
    }
    if (word === 'prohibit' || word === 'unreachable' || word === 'blackhole' || word === 'nop') {
      given.action = { kind: word };
      continue;
    }
    const value = words.take();
    if (value === undefined) return problem(`${word} needs a value`);
    const fault = selector(word, value, given, hint);
    if (fault) return fault;
  }
  return given;
}

function selector(word: string, value: string, given: Selectors, hint: Family): Problem | undefined {
  const wrong = problem(`${word} ${value} is not understood`);
  switch (word) {
    case 'from':
    case 'to': {
      const prefix = parsePrefix(value, hint);
      if (!prefix) return wrong;
      given.family =
        value === 'all' || value === 'any' || value === 'default' ? hint : familyOf(prefix.address);
      if (prefix.length > 0) given[word === 'from' ? 'source' : 'destination'] = prefix;
      return undefined;
    }
    case 'table':
    case 'lookup':
      given.action = { kind: 'lookup', table: tableName(value) };
      return undefined;
    case 'pref':
    case 'priority':
    case 'preference':
    case 'order':
      given.priority = Number(value);
      return Number.isInteger(given.priority) ? undefined : wrong;
    case 'fwmark': {
      const [mark, mask] = value.split('/');
      given.fwmark = { mark: Number(mark), mask: mask === undefined ? 0xffffffff : Number(mask) };
      return Number.isNaN(given.fwmark.mark + given.fwmark.mask) ? wrong : undefined;
    }
    case 'iif':
    case 'dev':
      given.iif = value;
      return undefined;
    case 'oif':
      given.oif = value;
      return undefined;
    case 'tos':
    case 'dsfield':
      given.tos = Number(value);
      return Number.isNaN(given.tos) ? wrong : undefined;
    case 'ipproto': {
      const named = (PROTOCOL as Readonly<Record<string, number>>)[value];
      given.protocol = named ?? Number(value);
      return Number.isNaN(given.protocol) ? wrong : undefined;
    }
    case 'sport':
    case 'dport':
    case 'uidrange': {
      const match = /^(\d+)(?:-(\d+))?$/.exec(value);
      if (!match) return wrong;
      const range = { min: Number(match[1]), max: Number(match[2] ?? match[1]) };
      if (word === 'sport') given.sourcePorts = range;
      else if (word === 'dport') given.destinationPorts = range;
      else given.uids = range;
      return undefined;
    }
    case 'suppress_prefixlength':
    case 'sup_pl':
      given.suppressPrefixLength = Number(value);
      return undefined;
    case 'goto':
      given.action = { kind: 'goto', priority: Number(value) };
      return undefined;
    default:
      return problem(`\`${word}\` in a rule is not modelled`);
  }
}

/** The first rule that has all that was said. */
function matches(rule: IpRule, given: Selectors): boolean {
  const same = (one: unknown, other: unknown): boolean => one === undefined || print(one) === print(other);
  return (
    same(given.priority, rule.priority) &&
    (given.invert ?? false) === rule.invert &&
    same(prefixText(given.source), prefixText(rule.source)) &&
    same(prefixText(given.destination), prefixText(rule.destination)) &&
    same(given.fwmark, rule.fwmark) &&
    same(given.iif, rule.iif) &&
    same(given.oif, rule.oif) &&
    same(given.tos, rule.tos) &&
    same(given.protocol, rule.protocol) &&
    same(given.sourcePorts, rule.sourcePorts) &&
    same(given.destinationPorts, rule.destinationPorts) &&
    same(given.action, rule.action)
  );
}

function fingerprint(rule: IpRule): string {
  const { text: _text, span: _span, source, destination, ...rest } = rule;
  return print({ ...rest, source: prefixText(source), destination: prefixText(destination) });
}

function prefixText(prefix: Prefix | undefined): string | undefined {
  return prefix && prefix.length > 0 ? formatPrefix(prefix) : undefined;
}

function print(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function withRules(netns: Netns, family: Family, rules: IpRule[]): Netns {
  return family === 4 ? { ...netns, rules4: rules } : { ...netns, rules6: rules };
}
