/** One rule of `iptables -L`: print_rule_details() and its neighbours, iptables/xshared.c. */
import { once } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import type { Family } from '../net/ip.ts';
import { type Listed, type ListedOption, type Listing, listedAddress } from './listing.ts';
import { allMatches } from './matches.ts';
import { protocolNumber } from './names/protocols.ts';
import type { Counters } from './rule.ts';
import { findTarget } from './targets.ts';
import type { Token } from './tokens.ts';
import { readAddressMask } from './values/address.ts';

export interface ListColumns {
  readonly number: boolean;
  readonly counters: boolean;
  readonly interfaces: boolean;
}

export interface ListedRule {
  /** The rule's words as iptables-save would have them, without `-A CHAIN`. */
  readonly tokens: readonly Token[];
  readonly counters?: Counters;
  /** A counter was rounded to thousands, millions or more. */
  readonly rounded: boolean;
  /** Conditions that the line has and doesn't tell: words that stand for them, and why. */
  readonly unknown: readonly { readonly words: readonly string[]; readonly why: string }[];
  readonly target?: string;
}

const OPT = /^(?:--|-f|!f)$/;
const COUNT = /^(\d+)([KMGTP]?)$/;
const UNITS = wordTable<number>({ K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 });
const ANY = /^(?:anywhere|0\.0\.0\.0\/0|::\/0)$/;

const NO_INTERFACES = 'iptables -L without -v prints no interfaces: iptables -S or iptables-save tells them';

/** Undefined when the line has not the columns of a rule. */
export function readListLine(line: string, columns: ListColumns, family: Family): ListedRule | undefined {
  const words = wordsOf(line);
  let at = 0;
  if (columns.number && !/^\d+$/.test(words[at++]?.text ?? '')) return undefined;
  const counts = columns.counters
    ? [words[at++], words[at++]].map((word) => COUNT.exec(word?.text ?? ''))
    : [];
  if (counts.includes(null)) return undefined;
  const head = targetAndProtocol(words, at, columns);
  if (!head) return undefined;
  at = head.next;
  const [input, output] = columns.interfaces ? [words[at++]?.text, words[at++]?.text] : [];
  const source = words[at++];
  const destination = words[at++];
  if (!source || !destination || !isAddressWord(source.text) || !isAddressWord(destination.text))
    return undefined;

  const tokens: Token[] = [];
  const unknown: { words: readonly string[]; why: string }[] = [];
  pushAddress('-s', source.text, family, tokens, unknown);
  pushAddress('-d', destination.text, family, tokens, unknown);
  if (columns.interfaces) {
    pushInterface('-i', input ?? '', tokens);
    pushInterface('-o', output ?? '', tokens);
  } else unknown.push({ words: [], why: NO_INTERFACES });
  const { protocol } = head;
  if (!/^(?:all|0)$/.test(protocol)) push(tokens, protocol.startsWith('!'), '-p', protocol.replace('!', ''));
  if (head.fragment !== '') push(tokens, head.fragment === '!f', '-f');

  const rest = readRest(line, destination.end, head.target, family);
  tokens.push(...rest.tokens);
  unknown.push(...rest.unknown);
  return {
    tokens,
    ...(columns.counters ? { counters: { packets: countOf(counts[0]), bytes: countOf(counts[1]) } } : {}),
    rounded: counts.some((count) => count?.[2] !== ''),
    unknown,
    ...(head.target === '' ? {} : { target: head.target }),
  };
}

interface Word {
  readonly text: string;
  readonly end: number;
}

/** The columns are at most twelve. */
function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  const pattern = /\S+/g;
  for (let found = pattern.exec(line); found && words.length < 12; found = pattern.exec(line)) {
    words.push({ text: found[0], end: pattern.lastIndex });
  }
  return words;
}

function countOf(count: RegExpExecArray | null | undefined): number {
  return Number(count?.[1] ?? 0) * (UNITS[count?.[2] ?? ''] ?? 1);
}

interface Head {
  readonly target: string;
  readonly protocol: string;
  /** `-f`, `!f` or nothing. */
  readonly fragment: string;
  readonly next: number;
}

/** A rule without a target leaves its column blank; older ip6tables leave the option column blank. */
function targetAndProtocol(words: readonly Word[], at: number, columns: ListColumns): Head | undefined {
  const [first = '', second = '', third = ''] = [0, 1, 2].map((i) => words[at + i]?.text ?? '');
  const fragment = (opt: string): string => (opt === '--' ? '' : opt);
  if (OPT.test(third) && isProtocol(second)) {
    return { target: first, protocol: second, fragment: fragment(third), next: at + 3 };
  }
  if (OPT.test(second) && isProtocol(first)) {
    return { target: '', protocol: first, fragment: fragment(second), next: at + 2 };
  }
  const behind = columns.interfaces ? 2 : 0;
  const addresses = (from: number): boolean =>
    [0, 1].every((i) => isAddressWord(words[from + behind + i]?.text ?? ''));
  if (isProtocol(second) && addresses(at + 2))
    return { target: first, protocol: second, fragment: '', next: at + 2 };
  if (isProtocol(first) && addresses(at + 1))
    return { target: '', protocol: first, fragment: '', next: at + 1 };
  return undefined;
}

function isProtocol(word: string): boolean {
  const name = word.replace(/^!/, '');
  return name === 'all' || /^\d{1,3}$/.test(name) || protocolNumber(name) !== undefined;
}

/** An address, with or without a length or mask, or a name. */
function isAddressWord(word: string): boolean {
  return /^!?[\w.:-]+(?:\/[\w.:]+)?$/.test(word) && !OPT.test(word);
}

function push(tokens: Token[], invert: boolean, option: string, ...words: readonly string[]): void {
  if (invert) tokens.push({ text: '!', quoted: false });
  tokens.push({ text: option, quoted: false }, ...words.map((text) => ({ text, quoted: true })));
}

function pushAddress(
  option: '-s' | '-d',
  word: string,
  family: Family,
  tokens: Token[],
  unknown: { words: readonly string[]; why: string }[],
): void {
  if (ANY.test(word)) return;
  const invert = word.startsWith('!');
  const name = invert ? word.slice(1) : word;
  const address = listedAddress(name, family);
  if (readAddressMask(address, family) !== undefined) push(tokens, invert, option, address);
  else {
    const side = option === '-s' ? 'source' : 'destination';
    unknown.push({
      words: [...(invert ? ['!'] : []), option, name],
      why: `iptables -L prints the name ${name} for the ${side} address: iptables -L -n or iptables-save tells it`,
    });
  }
}

function pushInterface(option: '-i' | '-o', word: string, tokens: Token[]): void {
  if (word === '*' || word === 'any') return;
  push(tokens, word.startsWith('!'), option, word.replace(/^!/, ''));
}

/** What stands behind the addresses: [goto], what the matches print, what the target prints. */
function readRest(
  line: string,
  from: number,
  target: string,
  family: Family,
): Pick<ListedRule, 'tokens' | 'unknown'> {
  const goto = /^\s*\[goto\]/.exec(line.slice(from));
  const definition = goto ? undefined : findTarget(target, family);
  const tokens: Token[] = [];
  const unknown: { words: readonly string[]; why: string }[] = [];
  const jump: Token[] =
    target === ''
      ? []
      : [
          { text: goto ? '-g' : '-j', quoted: false },
          { text: target, quoted: true },
        ];
  let at = from + (goto?.[0].length ?? 0);
  const targetAt = (place: number): Listed | undefined => {
    const listed = definition && listingOf(definition).read(line, place, family);
    return listed && line.slice(listed.end).trim() === '' ? listed : undefined;
  };
  for (;;) {
    if (!definition && line.slice(at).trim() === '') break;
    const last = targetAt(at);
    if (last) {
      jump.push(...optionTokens(last.options));
      break;
    }
    const match = matchAt(line, at, family);
    if (match) {
      at = match.listed.end;
      if (match.lost === undefined) {
        push(tokens, false, '-m', match.name);
        tokens.push(...optionTokens(match.listed.options));
      } else {
        unknown.push({
          words: ['-m', match.name],
          why: `iptables -L leaves out of match ${match.name} ${match.lost}: iptables-save tells it`,
        });
      }
      continue;
    }
    // Whatever it is: up to what the target prints at the end of the line, or all of it.
    const end = definition ? nextPlace(line, at, targetAt) : undefined;
    const strange = line.slice(at, end ?? line.length).trim();
    if (strange !== '')
      unknown.push({ words: [], why: `\`${strange.slice(0, 100)}\` is not what a known match prints` });
    if (end === undefined) {
      if (definition) jump.splice(0, jump.length, ...unreadable(target, strange));
      break;
    }
    at = end;
  }
  return { tokens: [...tokens, ...jump], unknown };
}

/** A target without the options that it needs: refused later on, its effect is unknown. */
function unreadable(target: string, text: string): Token[] {
  return [
    { text: '-j', quoted: false },
    { text: target, quoted: true },
    ...(text === '' ? [] : [{ text, quoted: true }]),
  ];
}

function nextPlace(line: string, from: number, fits: (at: number) => unknown): number | undefined {
  const blanks = /\s+(?=\S)/g;
  blanks.lastIndex = from;
  if (/\s/.test(line.charAt(from))) blanks.exec(line);
  for (let found = blanks.exec(line); found; found = blanks.exec(line)) {
    if (fits(found.index)) return found.index;
  }
  return undefined;
}

const listingOf = once(({ listing }: { readonly listing: () => Listing }) => listing());

/** The match that takes the most of what stands at `at`. */
function matchAt(
  line: string,
  at: number,
  family: Family,
): { readonly name: string; readonly listed: Listed; readonly lost?: string } | undefined {
  let best: { name: string; listed: Listed; lost?: string } | undefined;
  for (const match of allMatches()) {
    if (match.families && !match.families.includes(family)) continue;
    const { lost, read } = listingOf(match);
    const listed = read(line, at, family);
    if (!listed || (best && listed.end <= best.listed.end)) continue;
    best = { name: match.name, listed, ...(lost === undefined ? {} : { lost }) };
  }
  return best;
}

function optionTokens(options: readonly ListedOption[]): Token[] {
  const tokens: Token[] = [];
  for (const { name, invert, words } of options) push(tokens, invert, `--${name}`, ...words);
  return tokens;
}
