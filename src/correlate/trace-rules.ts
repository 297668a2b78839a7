/** Each step of a netfilter trace tied to the rule or policy of the dumps that it is, with file and line. */

import { addTo } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import type { Span } from '../base/span.ts';
import type { TraceForm, TraceStep } from '../dump/trace-record.ts';
import type { Family } from '../net/ip.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { parseRule } from '../xtables/parse.ts';
import { printRule } from '../xtables/print.ts';
import type { Chain, Hook, Rule, Ruleset, TableName } from '../xtables/rule.ts';
import { resembling } from './trace-resemblance.ts';
import type { TracedPacket, TracedStep } from './traced-packet.ts';

export interface TiedStep {
  readonly kind: 'rule' | 'policy' | 'return';
  readonly hook?: Hook;
  readonly table: string;
  readonly chain: string;
  /** Of the rule in its chain, from 1. */
  readonly number?: number;
  /** The rule as the dump has it, else as the trace has it. */
  readonly text?: string;
  /** ACCEPT, DROP, REJECT, a chain's name; of a policy ACCEPT or DROP. */
  readonly verdict?: string;
  readonly rule?: Rule;
  /** In the ruleset's dump. */
  readonly place?: Span;
  /** In the trace. */
  readonly span: Span;
  /** Tied by what nft's words have in common with the rule: another one that does the same is as likely. */
  readonly guessed?: boolean;
  /** The dump has all of that chain, of the backend that was traced, and not this rule: it is of another time. */
  readonly absent?: true;
  /** Why it is tied to nothing. */
  readonly problem?: string;
}

export function tieSteps(netns: Netns | undefined, packet: TracedPacket): TiedStep[] {
  const rulesets = (packet.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const tied: TiedStep[] = [];
  for (const traced of packet.steps) tied.push(tieStep(rulesets, packet, traced, tied.at(-1)));
  for (const log of packet.logs) {
    const step = tieLog(rulesets, log.prefix, log.span);
    // The TRACE of the LOG rule itself is there already.
    if (step && !tied.some(({ rule }) => rule !== undefined && rule === step.rule))
      insert(tied, step, log.span.line);
  }
  return tied;
}

function insert(tied: TiedStep[], step: TiedStep, line: number): void {
  const at = tied.findIndex(({ span }) => span.line > line);
  tied.splice(at < 0 ? tied.length : at, 0, step);
}

function tieStep(
  rulesets: readonly Ruleset[],
  packet: TracedPacket,
  traced: TracedStep,
  before: TiedStep | undefined,
): TiedStep {
  const { step, hook, span } = traced;
  const plain: TiedStep = {
    kind: step.kind,
    ...(hook === undefined ? {} : { hook }),
    table: step.table,
    chain: step.chain,
    ...(step.text === undefined ? {} : { text: step.text }),
    ...(step.verdict === undefined ? {} : { verdict: verdictWord(step.verdict) }),
    span,
  };
  const ruleset = rulesetOf(rulesets, packet.form, step);
  if (!ruleset) {
    const command = packet.family === 4 ? 'iptables-save' : 'ip6tables-save';
    return { ...plain, problem: `no dump has table ${step.table} (${command})` };
  }
  const chain = ruleset.tables.get(step.table as TableName)?.chains.get(step.chain);
  if (!chain)
    return { ...plain, problem: `${ruleset.path} has no chain ${step.chain} in table ${step.table}` };
  if (step.number !== undefined) return byNumber(plain, chain, step.number, ruleset.path);
  if (step.kind === 'policy') return policyOf(plain, chain, step.verdict);
  if (step.kind === 'return') return plain;
  const rule = ruleByText(chain, ruleset.family, packet.form, step, before);
  if (rule) return { ...ruleOf(plain, chain, rule), ...(packet.form === 'nft-trace' && { guessed: true }) };
  if (packet.form === 'nft-trace') {
    const text = `which rule of ${step.table} ${step.chain} in ${ruleset.path} it is can't be told from nft's words`;
    return { ...plain, problem: text };
  }
  // A save of the other backend is no witness of what this one had.
  const absent = step.text !== undefined && ruleset.backend === 'nft';
  const problem = `${ruleset.path} has no such rule in ${step.table} ${step.chain}`;
  return { ...plain, ...(absent && { absent }), problem };
}

/** get_chainname_rulenum(), net/ipv4/netfilter/ip_tables.c: one more than there are rules is the chain's end. */
function byNumber(plain: TiedStep, chain: Chain, number: number, path: string): TiedStep {
  const rule = chain.rules[number - 1];
  if (rule) return ruleOf(plain, chain, rule);
  if (number === chain.rules.length + 1 && plain.kind !== 'rule') {
    return plain.kind === 'policy' ? policyOf(plain, chain, undefined) : { ...plain, number };
  }
  const count = `${chain.rules.length} rule${chain.rules.length === 1 ? '' : 's'}`;
  return {
    ...plain,
    number,
    problem: `${path} has ${count} in ${plain.table} ${plain.chain}: it is not the ruleset that was traced`,
  };
}

function ruleOf(plain: TiedStep, chain: Chain, rule: Rule): TiedStep {
  const { target } = rule;
  const own =
    target === undefined
      ? undefined
      : target.kind === 'verdict'
        ? target.verdict
        : target.kind === 'extension'
          ? target.name
          : target.chain;
  return {
    ...plain,
    kind: 'rule',
    number: chain.rules.indexOf(rule) + 1,
    text: rule.text,
    ...(own === undefined ? {} : { verdict: own }),
    rule,
    place: rule.span,
  };
}

function policyOf(plain: TiedStep, chain: Chain, seen: string | undefined): TiedStep {
  const verdict = seen ?? chain.policy;
  const problem =
    seen !== undefined && chain.policy !== undefined && seen !== chain.policy
      ? `the dump says policy ${chain.policy}`
      : undefined;
  return {
    ...plain,
    kind: 'policy',
    ...(verdict === undefined ? {} : { verdict }),
    ...(chain.span ? { place: chain.span } : {}),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** The kernel log is the legacy backend's, the others are nft's; a dump that doesn't say whose it is will do. */
function rulesetOf(rulesets: readonly Ruleset[], form: TraceForm, step: TraceStep): Ruleset | undefined {
  if (step.tableFamily !== undefined && step.tableFamily !== 'ip' && step.tableFamily !== 'ip6')
    return undefined;
  const own = form === 'kernel-log' ? 'legacy' : 'nft';
  const having = rulesets.filter(({ tables }) => tables.has(step.table as TableName));
  return having.find(({ backend }) => backend === own) ?? having[0];
}

function ruleByText(
  chain: Chain,
  family: Family,
  form: TraceForm,
  step: TraceStep,
  before: TiedStep | undefined,
): Rule | undefined {
  const { text } = step;
  const found =
    form === 'nft-trace'
      ? resembling(chain, step)
      : text === undefined
        ? []
        : sameRules(chain, family, text, step.table as TableName);
  // Of equal rules in a chain the one behind the step before.
  const from = before?.chain === step.chain && before.table === step.table ? (before.number ?? 0) : 0;
  return found.find((rule) => chain.rules.indexOf(rule) >= from) ?? found[0];
}

const canonicalRules = once((_: Chain) => new Map<Family, Map<string, Rule[]>>());

function sameRules(chain: Chain, family: Family, text: string, table: TableName): Rule[] {
  const known = canonicalRules(chain);
  let rules = known.get(family);
  if (!rules) {
    rules = new Map();
    for (const rule of chain.rules) {
      for (const key of new Set([squeezed(printRule(rule, family, chain.name)), squeezed(rule.text)])) {
        addTo(rules, key, rule);
      }
    }
    known.set(family, rules);
  }
  const exact = rules.get(squeezed(text));
  if (exact) return exact;
  const { rule } = parseRule(text, family, table, { path: '', line: 0 });
  return (rule && rules.get(squeezed(printRule(rule, family, chain.name)))) ?? [];
}

/** xtables-monitor and iptables-save put quotes and spaces differently. */
function squeezed(text: string): string {
  return text.replace(/["\\]/g, '').replace(/\s+/g, ' ').trim();
}

/** `JUMP web` goes to web. */
function verdictWord(verdict: string): string {
  return verdict.replace(/^(?:JUMP|GOTO) /, '');
}

/** The LOG rule that writes this prefix, if only one does. */
function tieLog(rulesets: readonly Ruleset[], prefix: string, span: Span): TiedStep | undefined {
  if (prefix.trim() === '') return undefined;
  const found = rulesets.flatMap((ruleset) =>
    [...ruleset.tables.values()].flatMap((table) =>
      [...table.chains.values()].flatMap((chain) =>
        chain.rules
          .filter((rule) => prefixOf(rule)?.trim() === prefix.trim())
          .map((rule) => ({ table, chain, rule })),
      ),
    ),
  );
  const [only] = found;
  if (!only || found.length > 1) return undefined;
  const hook = only.chain.policy === undefined ? undefined : (only.chain.name as Hook);
  const plain: TiedStep = {
    kind: 'rule',
    ...(hook === undefined ? {} : { hook }),
    table: only.table.name,
    chain: only.chain.name,
    span,
  };
  return ruleOf(plain, only.chain, only.rule);
}

function prefixOf({ target, text }: Rule): string | undefined {
  if (target?.kind !== 'extension' || target.name !== 'LOG') return undefined;
  const match = /--log-prefix\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(text);
  return match?.[1]?.replace(/\\(.)/g, '$1') ?? match?.[2];
}
