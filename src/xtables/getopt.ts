/** The words of one rule put under the options they belong to: do_parse() and command_default() of iptables/xshared.c. */
import type { Family } from '../net/ip.ts';
import type { MatchDefinition, TargetDefinition } from './extension.ts';
import {
  BASE,
  type BaseName,
  type Command,
  LONG,
  MATCH_OF_PROTOCOL,
  protocolMatch,
  SHORT,
} from './getopt-table.ts';
import { findMatch, matchesWithOption } from './matches.ts';
import { type GivenOption, optionNames } from './options.ts';
import { findTarget, targetsWithOption } from './targets.ts';
import { asFound, bare, type Token } from './tokens.ts';

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly text: string;
}

export interface Given {
  readonly invert: boolean;
  readonly text: string;
}

/** An extension as it stands in the words; `unknown` holds those that no option table explains. */
export interface RawExtension<Definition> {
  readonly name: string;
  readonly definition: Definition | undefined;
  readonly given: GivenOption[];
  readonly unknown: string[];
  readonly problems: string[];
}

export interface RawRule {
  command?: { readonly name: Command; readonly words: readonly string[] };
  table?: string;
  /** `-4`, `-6`: the line is meant for that family only. */
  onlyFamily?: Family;
  source?: Given;
  destination?: Given;
  in?: Given;
  out?: Given;
  protocol?: Given;
  fragment?: { readonly invert: boolean };
  counters?: { readonly packets: number; readonly bytes: number };
  readonly matches: RawExtension<MatchDefinition>[];
  target?: RawExtension<TargetDefinition> & { readonly kind: 'jump' | 'goto' };
  readonly leftovers: string[];
  readonly problems: Problem[];
}

type Found =
  | { readonly kind: 'base'; readonly name: BaseName }
  | {
      readonly kind: 'extension';
      readonly extension: RawExtension<MatchDefinition | TargetDefinition>;
      readonly name: string;
    }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] };

export interface GetoptSettings {
  readonly family: Family;
  /** Read what older iptables wrote (`-s ! 10.0.0.0/8`), which today's refuses. */
  readonly lenient: boolean;
}

export function getopt(tokens: readonly Token[], settings: GetoptSettings): RawRule {
  const raw: RawRule = { matches: [], leftovers: [], problems: [] };
  const problem = (code: string, text: string): number =>
    raw.problems.push({ severity: 'error', code, text });
  let protocolTried = false;
  /** Where words that no option table explains belong. */
  let stray: string[] = raw.leftovers;
  let invert = false;
  let at = 0;

  const isOption = (token: Token | undefined): boolean =>
    token !== undefined && !token.quoted && (token.text === '!' || /^-[^\s]/.test(token.text));

  /** Extensions whose options are understood, the newest first; one loaded again hides the one before. */
  let loaded: RawExtension<MatchDefinition | TargetDefinition>[] = [];

  function load(extension: RawExtension<MatchDefinition | TargetDefinition>): void {
    loaded = [extension, ...loaded.filter((each) => each.definition !== extension.definition)];
  }

  /** getopt_long(): an exact name first, the base options before the newest extension, else an unambiguous beginning. What follows an
   * unknown extension may be its own, so the base options are not guessed at there. */
  function find(name: string): Found | undefined {
    const base = LONG.get(name);
    if (base) return { kind: 'base', name: base };
    const prefixed = new Map<string, Found>();
    for (const [long, each] of LONG) {
      if (stray === raw.leftovers && long.startsWith(name))
        prefixed.set(`base ${each}`, { kind: 'base', name: each });
    }
    for (const extension of loaded) {
      if (!extension.definition) continue;
      const names = optionNames(extension.definition.options);
      const exact = names.get(name);
      if (exact !== undefined) return { kind: 'extension', extension, name: exact };
      for (const [long, each] of names) {
        const key = `${extension.name} ${each}`;
        if (long.startsWith(name) && !prefixed.has(key)) {
          prefixed.set(key, { kind: 'extension', extension, name: each });
        }
      }
    }
    const [only] = prefixed.values();
    return prefixed.size > 1 ? { kind: 'ambiguous', names: [...prefixed.keys()] } : only;
  }

  /** The protocol's own match is loaded for the first option that only it knows. */
  function findInProtocol(option: string): Found | undefined {
    if (protocolTried || raw.protocol === undefined) return undefined;
    const name = protocolMatch(raw.protocol.text);
    const definition = name === undefined ? undefined : findMatch(name, settings.family);
    if (!definition) return undefined;
    const before = loaded;
    const extension = { name: definition.name, definition, given: [], unknown: [], problems: [] };
    load(extension);
    const found = find(option);
    if (found) {
      protocolTried = true;
      raw.matches.push(extension);
    } else loaded = before;
    return found;
  }

  function take(count: number): Token[] {
    const words = tokens.slice(at, at + count);
    at += words.length;
    return words;
  }

  /** `--dport ! 80`, the order of iptables before 1.4. */
  function oldNegation(): boolean {
    const next = tokens[at];
    if (next?.quoted !== false || next.text !== '!' || tokens[at + 1] === undefined) return false;
    if (!settings.lenient) return false;
    const text = '! stands behind the option, the order of iptables before 1.4.3; iptables today refuses it';
    raw.problems.push({ severity: 'warning', code: 'old-negation', text });
    at++;
    return true;
  }

  function base(name: BaseName, attached: string | undefined, shown: string): void {
    const { least, most, invert: invertible } = BASE[name];
    const negated = (attached === undefined && invertible && least === 1 && oldNegation()) || invert;
    if (invert && !invertible) problem('refused', `${shown} cannot be inverted with !`);
    const words = attached === undefined ? [] : [attached];
    while (words.length < most) {
      const next = tokens[at];
      if (next === undefined || (words.length >= least && isOption(next))) break;
      words.push(next.text);
      at++;
    }
    if (words.length < least) {
      problem('missing-word', `${shown} needs ${least === 1 ? 'a word' : `${least} words`} behind it`);
      return;
    }
    applyBase(name, words, negated, shown);
  }

  function applyBase(name: BaseName, words: readonly string[], negated: boolean, shown: string): void {
    const [word = ''] = words;
    const once = (present: unknown): void => {
      if (present !== undefined) problem('refused', `${shown} is given twice`);
    };
    switch (name) {
      case 'source':
        once(raw.source);
        raw.source = { invert: negated, text: word };
        return;
      case 'destination':
        once(raw.destination);
        raw.destination = { invert: negated, text: word };
        return;
      case 'protocol':
        once(raw.protocol);
        raw.protocol = { invert: negated, text: word };
        return;
      case 'in-interface':
        once(raw.in);
        raw.in = { invert: negated, text: word };
        return;
      case 'out-interface':
        once(raw.out);
        raw.out = { invert: negated, text: word };
        return;
      case 'fragments':
        once(raw.fragment);
        raw.fragment = { invert: negated };
        return;
      case 'match': {
        const definition = findMatch(word, settings.family);
        const unknown: string[] = [];
        const extension = { name: definition?.name ?? word, definition, given: [], unknown, problems: [] };
        raw.matches.push(extension);
        if (definition) load(extension);
        else stray = unknown;
        return;
      }
      case 'jump':
      case 'goto': {
        once(raw.target);
        const definition = name === 'jump' ? findTarget(word, settings.family) : undefined;
        const unknown: string[] = [];
        raw.target = {
          kind: name,
          name: definition?.name ?? word,
          definition,
          given: [],
          unknown,
          problems: [],
        };
        if (definition) load(raw.target);
        else stray = unknown;
        return;
      }
      case 'table':
        raw.table = word;
        return;
      case 'set-counters': {
        const [packets = 0, bytes = 0] = words.map(Number);
        if (Number.isSafeInteger(packets) && Number.isSafeInteger(bytes)) raw.counters = { packets, bytes };
        else problem('bad-value', `${shown} ${words.join(' ')}: expected two numbers`);
        return;
      }
      case 'ipv4':
        raw.onlyFamily = 4;
        return;
      case 'ipv6':
        raw.onlyFamily = 6;
        return;
      case 'ignored':
      case 'ignored-word':
        return;
      default:
        once(raw.command);
        raw.command = { name, words };
    }
  }

  function extensionOption(
    found: Extract<Found, { kind: 'extension' }>,
    attached: string | undefined,
    shown: string,
  ): void {
    const { extension, name } = found;
    const definition = extension.definition?.options[name];
    if (!definition) return;
    const { words: wanted } = definition.value;
    const next = tokens[at];
    const need = wanted === 'optional' ? (next === undefined || isOption(next) ? 0 : 1) : wanted;
    const negated = (attached === undefined && need > 0 && definition.invert && oldNegation()) || invert;
    const words = attached === undefined ? [] : [{ text: attached, quoted: true }];
    words.push(...take(need - words.length));
    if (words.length < need)
      extension.problems.push(`${shown} needs ${need === 1 ? 'a word' : `${need} words`} behind it`);
    else extension.given.push({ name, invert: negated, words });
  }

  function unknownOption(token: Token): void {
    if (stray === raw.leftovers) {
      problem('unknown-option', unknownOptionText(token.text, settings.family));
    }
    if (invert) stray.push('!');
    stray.push(token.text);
    while (at < tokens.length && !isOption(tokens[at])) stray.push(asFound(tokens[at++] as Token));
  }

  function long(token: Token): void {
    const equals = token.text.indexOf('=');
    const name = token.text.slice(2, equals < 0 ? undefined : equals);
    const attached = equals < 0 ? undefined : token.text.slice(equals + 1);
    const found = find(name) ?? findInProtocol(name);
    if (!found) unknownOption(token);
    else if (found.kind === 'base') base(found.name, attached, `--${name}`);
    else if (found.kind === 'extension') extensionOption(found, attached, `--${name}`);
    else {
      problem('ambiguous-option', `--${name} could be ${found.names.join(', ')}: write it out`);
      raw.leftovers.push(token.text);
    }
  }

  function short(token: Token): void {
    const name = SHORT[token.text.charAt(1)];
    if (!name || (name === 'fragments' && settings.family === 6)) {
      unknownOption(token);
      return;
    }
    const rest = token.text.slice(2);
    const { most } = BASE[name];
    base(name, rest !== '' && most > 0 ? rest : undefined, token.text.slice(0, 2));
  }

  while (at < tokens.length) {
    const token = tokens[at++] as Token;
    if (!token.quoted && token.text === '!') {
      if (invert) problem('refused', '! is given twice');
      invert = true;
      continue;
    }
    if (!token.quoted && token.text.startsWith('--') && token.text.length > 2) long(token);
    else if (!token.quoted && /^-[^-\s]/.test(token.text)) short(token);
    else {
      problem('stray-word', `${bare(token.text)} belongs to no option`);
      raw.leftovers.push(asFound(token));
    }
    invert = false;
  }
  if (invert) problem('refused', '! stands before nothing');
  return raw;
}

function unknownOptionText(text: string, family: Family): string {
  const name = text.replace(/^-+/, '').replace(/=.*/, '');
  const matches = matchesWithOption(name, family);
  const targets = targetsWithOption(name, family);
  const hints = [
    ...matches.map((each) => (Object.values(MATCH_OF_PROTOCOL).includes(each) ? `-p ${each}` : `-m ${each}`)),
    ...targets.map((each) => `-j ${each}`),
  ];
  const hint = hints.length === 0 ? '' : `: it needs ${hints.slice(0, 4).join(' or ')} before it`;
  return `unknown option ${bare(text)}${hint}`;
}
