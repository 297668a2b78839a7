/** Which packet is meant: `from red to 8.8.8.8:443/tcp`, `from 198.51.100.7 to host:22/tcp iif wan0 state established`. */
import { nearest } from '../../base/nearest.ts';
import { type ConntrackState, readState, unknownWord } from './clauses.ts';
import { type Named, readAddress, readMark, readNamed, readProtocol } from './end.ts';
import { faultAt, quote, type Word, WordReader } from './words.ts';

export interface Question {
  /** A namespace, `NS:IFACE`, an interface, or an address. */
  readonly from: Word;
  readonly to: Word;
  readonly destination: Named;
  readonly protocol?: number | 'icmp';
  /** Where it comes in from the wire. */
  readonly iif?: Word;
  readonly source?: ReturnType<typeof readAddress>;
  readonly sourcePort?: number;
  readonly mark?: number;
  readonly state?: Extract<ConntrackState, 'new' | 'established' | 'invalid'>;
  readonly icmpType?: Word;
  readonly ttl?: number;
  readonly tos?: number;
}

const OPTIONS = ['iif', 'src', 'sport', 'mark', 'state', 'type', 'ttl', 'tos'] as const;
type Option = (typeof OPTIONS)[number];
const FORM = 'Such as `from red to 8.8.8.8:443/tcp` or `from 198.51.100.7 to host:22/tcp iif wan0`.';

/** `names`: what the case's file calls otherwise; a name stands for the words that are given for it. */
export function readQuestion(line: string, names: ReadonlyMap<string, string>): Question {
  const words = new WordReader(line);
  const first = words.peek();
  const prefix = first && !first.quoted && first.text !== 'from' ? readProtocol(first.text) : undefined;
  if (prefix !== undefined) words.next();
  if (!words.take('from') && prefix === undefined) {
    const word = words.need('the packet', FORM);
    const guess = nearest(word.text, ['from']) === undefined ? '' : 'Did you mean from? ';
    throw faultAt(word, `${quote(word.text)} begins no packet: that is \`from\``, `${guess}${FORM}`);
  }
  const options: Partial<Record<Option, Word>> = {};
  const from = expanded(words.need('the sender', FORM), names, options);
  readOptions(words, options);
  if (!words.take('to') && !words.take('>')) {
    const word = words.need('`to` and the destination', FORM);
    throw unknownWord(word, ['to', ...OPTIONS]);
  }
  const to = expanded(words.need('the destination', FORM), names, options);
  readOptions(words, options);
  const rest = words.peek();
  if (rest) throw unknownWord(rest, OPTIONS);
  const destination = readNamed(to);
  const protocol = prefix ?? destination.protocol;
  return { from, to, destination, ...(protocol !== undefined && { protocol }), ...valuesOf(options) };
}

function readOptions(words: WordReader, options: Partial<Record<Option, Word>>): void {
  for (;;) {
    const word = words.peek();
    const option = OPTIONS.find((each) => each === word?.text);
    if (!word || !option || word.quoted) return;
    words.next();
    if (options[option]) throw faultAt(word, `\`${option}\` is said twice`, 'Say it once.');
    options[option] = words.need(`what \`${option}\` is`);
  }
}

/** A name in place of what it stands for, with options that belong to it: `wan: 198.51.100.7 iif wan0`; `web:443/tcp` keeps what follows. */
function expanded(
  word: Word,
  names: ReadonlyMap<string, string>,
  options: Partial<Record<Option, Word>>,
): Word {
  const [, name = word.text, rest = ''] = /^([^:/]+)([:/].*)$/.exec(word.text) ?? [];
  const meaning = names.get(word.text) ?? names.get(name);
  if (meaning === undefined) return word;
  const words = new WordReader(meaning);
  const first = words.need('what the name stands for');
  const own: Partial<Record<Option, Word>> = {};
  readOptions(words, own);
  const more = words.peek();
  if (more)
    throw faultAt(
      word,
      `the name ${quote(name)} stands for more than a place and its options: ${quote(more.text)}`,
    );
  // Its words are in another line: what is wrong with them is shown where the name is used.
  for (const option of OPTIONS) {
    const given = own[option];
    if (given) options[option] ??= { ...given, at: word.at, length: word.length };
  }
  const kept = names.has(word.text) ? '' : rest;
  return {
    ...word,
    text:
      kept.startsWith(':') && first.text.includes('::') && !first.text.startsWith('[')
        ? `[${first.text}]${kept}`
        : `${first.text}${kept}`,
  };
}

function valuesOf(
  options: Partial<Record<Option, Word>>,
): Omit<Question, 'from' | 'to' | 'destination' | 'protocol'> {
  const { iif, src, sport, mark, state, type, ttl, tos } = options;
  const source = src && readAddress(src);
  return {
    ...(iif && { iif }),
    ...(source && { source }),
    ...(sport && { sourcePort: numberIn(sport, 65535) }),
    ...(mark && { mark: readMark(mark).value }),
    ...(state && { state: questionState(state) }),
    ...(type && { icmpType: type }),
    ...(ttl && { ttl: numberIn(ttl, 255) }),
    ...(tos && { tos: numberIn(tos, 255) }),
  };
}

function questionState(word: Word): NonNullable<Question['state']> {
  const state = readState(word);
  if (state === 'new' || state === 'established' || state === 'invalid') return state;
  throw faultAt(
    word,
    `a packet can’t be sent as ${state}: that comes of others before it, or of a rule`,
    'One of new, established, invalid. What conntrack makes of the packet can be expected: `delivered state related`.',
  );
}

function numberIn(word: Word, most: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(word.text) ? Number(word.text) : Number.NaN;
  if (value <= most) return value;
  throw faultAt(word, `${quote(word.text)} is no number from 0 to ${most}`);
}
