/** Damage to a line of a text, and which of its records that may cost. */
import { parseEcho } from '../../src/dump/prompt.ts';
import { plainLines } from '../../src/dump/text.ts';
import type { Random } from '../fuzz/engine/random.ts';
import type { Found } from './records.ts';

/** A damaged text (one character a byte), and the lines of the whole one that were damaged. */
export interface Damaged {
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly how: string;
}

/** What breaks words, quotes, nesting, terminals and encodings; each byte a character. */
const BREAKING = [
  ...['\0', '\x01', '\x07', '\t', '\r', '\x1b', '\x1b[31m', '\x1b]0;', '\x7f', '"', "'", '\\', '`', '{', '}'],
  ...[
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    ',',
    ':',
    ';',
    '#',
    '*',
    '-',
    '=',
    '/',
    '@',
    '%',
    '$',
    '|',
    '!',
    ' ',
    '    ',
  ],
  ...[
    '\xff',
    '\xc3',
    '\xe2\x80',
    '\xe2\x80\xae',
    '\xef\xbb\xbf',
    '0',
    '-1',
    '99999999999999999999',
    'é',
    '\n',
  ],
] as const;

/** Characters put in, taken away or put in place of others, between two places of a text. */
export function scribble(
  text: string,
  from: number,
  to: number,
  random: Random,
): { text: string; how: string } {
  const many = 1 + random.below(4);
  const at = from + random.below(Math.max(1, to - from));
  const kind = random.below(3);
  const taken = kind === 0 ? 0 : Math.min(to - at, 1 + random.below(random.isOneIn(4) ? to - from : 3));
  let put = '';
  if (kind < 2) for (let left = many; left > 0; left--) put += odd(random);
  const how = `${JSON.stringify(text.slice(at, at + taken))} is ${JSON.stringify(put)} at ${at - from}`;
  return { text: text.slice(0, at) + put + text.slice(at + taken), how };
}

function odd(random: Random): string {
  return random.isOneIn(3) ? String.fromCharCode(32 + random.below(95)) : random.of(BREAKING);
}

/** At most a tenth of the text, so that it stays one. */
export function garbage(text: string, random: Random): string {
  const most = Math.max(4, Math.min(60, text.length / 10));
  let line = '';
  for (let left = 1 + random.below(most); left > 0; left--) line += odd(random);
  return line.replaceAll('\n', ' ');
}

export function damageLine(text: string, random: Random): Damaged {
  const starts = lineStarts(text);
  const index = random.below(starts.length - 1);
  const [start = 0, next = text.length] = [starts[index], starts[index + 1]];
  const end = text[next - 1] === '\n' ? next - 1 : next;
  const line = index + 1;
  const one = { first: line, last: line };
  switch (random.below(6)) {
    case 0:
      return {
        text: text.slice(0, start) + garbage(text, random) + text.slice(end),
        ...one,
        how: 'is garbage',
      };
    case 1:
      return { text: text.slice(0, start) + text.slice(next), ...one, how: 'is not there' };
    case 2: {
      const cut = start + random.below(end - start + 1);
      return { text: text.slice(0, cut), first: line, last: starts.length, how: `the file ends at ${cut}` };
    }
    default: {
      const { text: damaged, how } = scribble(text, start, end, random);
      return { text: damaged, ...one, how };
    }
  }
}

/** Where the lines of a text begin, and where it ends. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1))
    starts.push(at + 1);
  return [...starts, text.length];
}

/** Lines that what is below them belongs to, up to the next of the kind. */
const HEADERS: readonly RegExp[] = [
  // iptables-save, iptables -L, ip link, netstat -s and other headings.
  /^\s*\*\s*\w+\s*$/,
  /^\s*Chain \S+/,
  /^\s*\d+: +[^\s:]+: </,
  // ifconfig, where an alias is no link of its own.
  /^\S+(?:: flags=\d|\s+Link encap:)/,
  /^\S[^:]*:\s*$/,
  // Names of columns.
  /^\s*(?:Netid|State|Recv-Q|Proto|Kernel|Active|Destination|Iface|U?PID|USER|UID|CONTAINER|Address|bridge name|sl|Inter-|COMMAND|NS|port|dev|Codes|TYPE)\b/,
  /^\s*[a-z_]+ +(?:[a-z_]+ +){3,}[a-z_]+\s*$/i,
  // Files that `head` and `tail` print with their names, and elements of XML.
  /^==> .* <==$/,
  /^\s*<(?:ipset|members|header)\b/,
];

/** The lines from the damaged one on that may be lost with it: `ip netns exec red iptables-save` above its output. */
export function extent(lines: readonly string[], { text, first, last }: Damaged): number {
  const line = lines[first - 1] ?? '';
  if (first !== last) return last;
  const [now = ''] = plainLines(text.split('\n')[first - 1] ?? '');
  const own = extentOf(lines, line, first, now);
  const next = lines[first] ?? '';
  return goesOn(lines, { text, first }) ? Math.max(own, extentOf(lines, next, first + 1, next)) : own;
}

/** By a backslash at its end a damaged line goes on in the next one; colours aren't part of it, and it may be several lines now. */
export function goesOn(lines: readonly string[], { text, first }: Pick<Damaged, 'text' | 'first'>): boolean {
  const now = text.split('\n');
  const [end = ''] = plainLines(now[first - 1 + Math.max(0, now.length - lines.length)] ?? '');
  return end.trimEnd().endsWith('\\');
}

/** The first line of the part. What stood below a line that is gone, or no link's any more, goes on with the one above, if such a line can. */
export function partStart(lines: readonly string[], { text, first, last }: Damaged): number {
  if (first !== last || first === 1) return first;
  const now = text.split('\n');
  const isGone = now.length < lines.length || now[first - 1]?.trim() === '';
  const [above = '', line = '', below = ''] = lines.slice(first - 2);
  const isLink = (each: string) => /^\s*\d+: +[^\s:]+: </.test(each);
  const isJoined =
    /^\s+inet/.test(above) && isGone
      ? /^\s+valid_lft /.test(below)
      : isLink(above) && isLink(line) && (isGone || !isLink(now[first - 1] ?? ''));
  return isJoined ? first - 1 : first;
}

/** Of a line that is `now` another one. */
function extentOf(lines: readonly string[], line: string, first: number, now: string): number {
  // How the elements of a set are read.
  if (/^\s*(?:Type:|Header:|type |typeof |<type>|<header>)/.test(line))
    return upTo(lines, first, (other) => /^\s*(?:Name:|\}\s*$|<ipset )/.test(other));
  if (/\{\s*$/.test(line)) return closing(lines, first);
  // As if the line were gone that opens what follows: the bracket ends what is around it.
  // A byte order mark is blank, too.
  if (line === '' && /^\r*\}(?:\s|\xef\xbb\xbf)*(?:#.*)?$/.test(now)) return closing(lines, first);
  if (first === 1 || parseEcho(line, false)) {
    const echo = parseEcho(line, first === 1);
    if (echo) return upTo(lines, first, (other) => parseEcho(other, false) !== undefined);
  }
  for (const header of HEADERS)
    if (header.test(line)) return upTo(lines, first, (other) => header.test(other));
  return first;
}

function upTo(lines: readonly string[], first: number, isNext: (line: string) => boolean): number {
  const next = lines.findIndex((line, index) => index >= first && isNext(line));
  return next < 0 ? lines.length : next;
}

/** The line with the bracket that ends a block of nft's: it is indented as the one that opens it. */
function closing(lines: readonly string[], first: number): number {
  const indent = /^\s*/.exec(lines[first - 1] ?? '')?.[0] ?? '';
  const end = lines.findIndex((line, index) => index >= first && line.startsWith(`${indent}}`));
  return end < 0 ? lines.length : end + 1;
}

/**
 * What must still be read: records of other lines than those of the part. To the part belong what begins on its lines, what is
 * inside that, the record that the first of its lines goes on with, and what is around it.
 */
export function wantedOf(records: readonly Found[], first: number, last: number): Found[] {
  const before = records.reduce(
    (line, found) => (found.line <= first ? Math.max(line, found.line) : line),
    0,
  );
  const part = new Set<Found>();
  for (const found of records) {
    if (found.line !== before) continue;
    for (let one: Found | undefined = found; one; one = one.around) part.add(one);
  }
  const isLost = (found: Found | undefined): boolean =>
    found !== undefined && ((found.line >= first && found.line <= last) || isLost(found.around));
  const lost = records.filter((found) => part.has(found) || isLost(found));
  // Around a chain without a name of its own stands the rule that jumps to it.
  const inner = new Set(lost.flatMap(({ text }) => /^chains .*"name":"(__chain\d+)"/.exec(text)?.[1] ?? []));
  const isAround = (found: Found) => [...inner].some((name) => naming(found, name));
  return records.filter((found) => !lost.includes(found) && !isAround(found));
}

/** The chain or set that a line declares, or the one whose type it is: what other lines mean by its name can't be told without. */
export function declared(lines: readonly string[], first: number): string | undefined {
  const line = lines[first - 1] ?? '';
  if (!TYPE_OF_SET.test(line)) return DECLARES.exec(line)?.[1];
  const header = lines.findLast((other, index) => index < first && /\{\s*(?:#.*)?$/.test(other)) ?? '';
  return SET.exec(header)?.[1];
}

const TYPE_OF_SET = /^\s*type(?:of)? (?!.* hook )/;
const SET = /^\s*(?:set|map) ([^\s"]+)/;

/**
 * Of a table of nft whose header now is that of another one that is there: what stands in both under one name is as the later one
 * says, and so is the table. Rules come behind those that are there.
 */
export function joined(lines: readonly string[], { text, first, last }: Damaged): (found: Found) => boolean {
  const [was, now] = [tableOf(lines[first - 1] ?? ''), tableOf(text.split('\n')[first - 1] ?? '')];
  const other = lines.findIndex((line) => now !== was && tableOf(line) === now) + 1;
  if (first !== last || now === undefined || other === 0) return () => false;
  const names = lines.slice(first, closing(lines, first)).map((line) => DECLARES.exec(line)?.[1]);
  const end = closing(lines, other);
  return ({ text: record, line }) => {
    const [, kind, name = ''] = /^(tables|chains|sets) .*?"name":"([^"]*)"/.exec(record) ?? [];
    return (
      line >= other && line <= end && (kind === 'tables' || (kind !== undefined && names.includes(name)))
    );
  };
}

function tableOf(line: string): string | undefined {
  const [, family = 'ip', name] =
    /^\s*table\s+(?:(ip6?|inet|arp|bridge|netdev)\s+)?(\S+)\s+\{/.exec(line) ?? [];
  return name === undefined ? undefined : `${family} ${name}`;
}

/** Rules that are put in at a place of their chain, which is another one, or none, without those before. */
export function isPlaced({ text, line }: Found, first: number): boolean {
  return line > first && /"text":"-I \S+ (?:[2-9]|\d\d)/.test(text);
}

/** Or gives an id to what other lines tell of. */
const DECLARES =
  /^\s*(?::|-N |--new-chain |-P |Chain |chain |set |map |counter |create |add |PACKET: \d+ )\s*([^\s"]+)/;

/** Records that name it. */
export function naming({ text }: Found, name: string): boolean {
  return text.includes(`"${name}"`);
}
