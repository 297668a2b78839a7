/** Rules out of getopt's parts: addresses, names and extensions read, what iptables or the kernel would refuse told. */
import type { Issue } from '../base/issue.ts';
import { DEFAULT_LIMITS, limitIssue } from '../base/limits.ts';
import type { Span } from '../base/span.ts';
import type { Family } from '../net/ip.ts';
import { readAddresses, readInterface, readProtocol } from './conditions.ts';
import type { MatchDefinition, RulePlace, TargetDefinition, Unparsed } from './extension.ts';
import { getopt, type RawExtension, type RawRule } from './getopt.ts';
import { buildInfo } from './options.ts';
import { printOption } from './print.ts';
import {
  BUILTIN_CHAINS,
  type Counters,
  type Hook,
  type MatchUse,
  type Rule,
  type TableName,
  type TargetUse,
} from './rule.ts';
import type { RuleLimits } from './rule-room.ts';
import { asFound, bare, type Token } from './tokens.ts';

export const MAX_CHAIN_NAME = 28;

export interface BuildSettings {
  readonly family: Family;
  readonly table: TableName;
  readonly span: Span;
  readonly text: string;
  readonly counters?: Readonly<Counters>;
  /**
   * Read as a dump: what can't be understood stays in the rule, as a match or target of unknown outcome. Otherwise, as
   * iptables' command line: it is refused.
   */
  readonly saved: boolean;
  /** Default: those of `DEFAULT_LIMITS`. */
  readonly limits?: RuleLimits;
}

export interface BuiltRules {
  readonly raw: RawRule;
  readonly chain: string | undefined;
  /** One for each combination of a source and a destination in comma lists; none when the rule is refused. */
  readonly rules: readonly Rule[];
  readonly issues: readonly Issue[];
}

export function buildRules(tokens: readonly Token[], settings: BuildSettings): BuiltRules {
  const { family, table, span, saved } = settings;
  const raw = getopt(tokens, { family, lenient: saved });
  const issues: Issue[] = [];
  const complain = (severity: Issue['severity'], code: string, text: string): void => {
    issues.push({ severity, code, text, path: span.path, line: span.line });
  };
  for (const { severity, code, text } of raw.problems) complain(severity, code, text);
  const chain = raw.command?.words[0];
  const hook = hookOf(table, chain);
  const matches: MatchUse[] = [];
  const lost: string[] = [...raw.leftovers];

  function bad(code: string, text: string, ...words: string[]): undefined {
    complain('error', code, text);
    lost.push(...words);
  }

  const protocol = readProtocol(raw.protocol, bad);
  const sources = readAddresses('-s', raw.source, family, bad);
  const destinations = readAddresses('-d', raw.destination, family, bad);
  const { limits = DEFAULT_LIMITS } = settings;
  const combinations = sources.length * destinations.length;
  if (combinations > limits.listedRules) {
    const found = `-s and -d list ${combinations.toLocaleString('en')} combinations`;
    issues.push(
      limitIssue('listedRules', limits, found, 'the rule is taken for one of unknown addresses', {
        severity: 'error',
        ...span,
      }),
    );
    sources.splice(0, sources.length, undefined);
    destinations.splice(0, destinations.length, undefined);
    lost.push('-s', bare(raw.source?.text ?? ''), '-d', bare(raw.destination?.text ?? ''));
  }
  const input = readInterface('-i', raw.in, bad);
  const output = readInterface('-o', raw.out, bad);
  if (input && (hook === 'OUTPUT' || hook === 'POSTROUTING')) {
    complain('error', 'refused', `-i can't be used in ${hook}: packets there have no input interface`);
  }
  if (output && (hook === 'PREROUTING' || hook === 'INPUT')) {
    complain('error', 'refused', `-o can't be used in ${hook}: packets there have no output interface yet`);
  }

  for (const extension of raw.matches) matches.push(match(extension));
  if (lost.length > 0) {
    const info: Unparsed = { unparsed: lost, why: `${lost.join(' ')} could not be understood` };
    matches.push({ name: '', info });
  }
  const target = raw.target ? readTarget(raw.target) : undefined;
  checkPlaces();

  function match(extension: RawExtension<MatchDefinition>): MatchUse {
    const { name, definition } = extension;
    if (!definition) {
      complain(
        saved ? 'warning' : 'error',
        'unknown-match',
        `unknown match -m ${bare(name)}: its outcome is taken as unknown`,
      );
      return { name, info: { unparsed: extension.unknown, why: `match ${name} is not known` } };
    }
    return { name, info: readInfo(extension, definition, 'match') };
  }

  function readInfo(
    extension: RawExtension<MatchDefinition | TargetDefinition>,
    definition: MatchDefinition | TargetDefinition,
    kind: string,
  ): unknown {
    const [early] = extension.problems;
    const built =
      early === undefined ? buildInfo(definition, extension.given, { family }) : { problem: early };
    if ('info' in built) return built.info;
    const text = `${kind} ${extension.name}: ${built.problem}`;
    complain('error', 'bad-option', text);
    const unparsed = extension.given.flatMap((given) => [
      ...(given.invert ? ['!'] : []),
      `--${given.name}`,
      ...given.words.map((word) => asFound({ text: word.text, quoted: true })),
    ]);
    return { unparsed, why: text } satisfies Unparsed;
  }

  function readTarget(extension: NonNullable<RawRule['target']>): TargetUse {
    const { kind, name, definition, unknown } = extension;
    if (definition) return { kind: 'extension', name, info: readInfo(extension, definition, 'target') };
    if (unknown.length > 0) {
      complain(
        saved ? 'warning' : 'error',
        'unknown-target',
        `unknown target -j ${bare(name)}: what it does is taken as unknown`,
      );
      return { kind: 'extension', name, info: { unparsed: unknown, why: `target ${name} is not known` } };
    }
    if (kind === 'jump' && isVerdict(name)) return { kind: 'verdict', verdict: name };
    if (new TextEncoder().encode(name).length > MAX_CHAIN_NAME) {
      complain('error', 'refused', `chain name ${bare(name)} is longer than ${MAX_CHAIN_NAME} characters`);
    }
    return { kind, chain: name };
  }

  function checkPlaces(): void {
    const place: RulePlace = {
      family,
      table,
      chain: chain ?? '',
      fragment: raw.fragment !== undefined,
      matches,
      ...(hook === undefined ? {} : { hook }),
      ...(protocol === undefined ? {} : { protocol }),
    };
    for (const [i, { definition, name }] of raw.matches.entries()) {
      if (definition) checkPlace(definition, `match ${name}`, matches[i]?.info, place);
    }
    if (raw.target?.definition && target?.kind === 'extension') {
      checkPlace(raw.target.definition, `target ${raw.target.name}`, target.info, place);
    }
  }

  function checkPlace(
    definition: MatchDefinition | TargetDefinition,
    shown: string,
    info: unknown,
    place: RulePlace,
  ): void {
    const { tables, hooks, protocols } = definition;
    if (tables && !tables.includes(table)) {
      complain(
        'error',
        'refused',
        `${shown} can only be used in table ${tables.join(', ')}, not in ${table}`,
      );
    }
    if (hooks && place.hook && !hooks.includes(place.hook)) {
      complain('error', 'refused', `${shown} can only be used in ${hooks.join(', ')}, not in ${place.hook}`);
    }
    if (protocols && !(protocol && !protocol.invert && protocols.includes(protocol.protocol))) {
      const names = protocols.map((each) => `-p ${printOption.protocol(each)}`);
      complain('error', 'refused', `${shown} needs ${names.join(' or ')}`);
    }
    if (typeof info !== 'object' || info === null || 'unparsed' in info) return;
    const problem = definition.check?.(info, place);
    if (problem !== undefined) complain('error', 'refused', `${shown}: ${problem}`);
  }

  if (!saved && issues.some((issue) => issue.severity === 'error')) return { raw, chain, rules: [], issues };
  const counters = raw.counters ?? settings.counters;
  const rules: Rule[] = [];
  for (const source of sources) {
    for (const destination of destinations) {
      rules.push({
        ...(source ? { source } : {}),
        ...(destination ? { destination } : {}),
        ...(input ? { in: input } : {}),
        ...(output ? { out: output } : {}),
        ...(protocol ? { protocol } : {}),
        ...(raw.fragment ? { fragment: raw.fragment } : {}),
        matches,
        ...(target ? { target } : {}),
        ...(counters ? { counters } : {}),
        text: settings.text,
        span,
      });
    }
  }
  return { raw, chain, rules, issues };
}

function isVerdict(name: string): name is 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE' {
  return name === 'ACCEPT' || name === 'DROP' || name === 'RETURN' || name === 'QUEUE';
}

export function hookOf(table: TableName, chain: string | undefined): Hook | undefined {
  return BUILTIN_CHAINS[table].find((hook) => hook === chain);
}
