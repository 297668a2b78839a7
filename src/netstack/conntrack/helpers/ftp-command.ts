/** find_pattern() and the number readers of net/netfilter/nf_conntrack_ftp.c. */
import { type Family, type Ip, parseIp } from '../../../net/ip.ts';
import type { CtDirection } from '../../../skb/nfct.ts';

export interface Announcement {
  readonly kind: 'PORT' | 'EPRT' | 'PASV' | 'EPSV';
  /** Absent where the form has none. */
  readonly address?: Ip;
  readonly port: number;
  /** Where address and port stand in the text. */
  readonly from: number;
  readonly to: number;
}

interface Read {
  readonly address?: Ip;
  readonly port: number;
  /** Characters before the numbers, and of them. */
  readonly skipped?: number;
  readonly length: number;
}

interface Pattern {
  readonly kind: Announcement['kind'];
  readonly word: string;
  /** The numbers begin behind the next one of these. */
  readonly skip?: string;
  readonly end?: string;
  read(text: string, end: string | undefined, family: Family): Read | undefined;
}

const PATTERNS: Readonly<Record<CtDirection, readonly Pattern[]>> = {
  original: [
    { kind: 'PORT', word: 'PORT', skip: ' ', end: '\r', read: readSix },
    { kind: 'EPRT', word: 'EPRT', skip: ' ', end: '\r', read: readExtended },
  ],
  reply: [
    { kind: 'PASV', word: '227 ', read: readSixAnywhere },
    { kind: 'EPSV', word: '229 ', skip: '(', end: ')', read: readPortOnly },
  ],
};

/** `partial`: it may be one, but isn't whole. */
export function findAnnouncement(
  text: string,
  direction: CtDirection,
  family: Family,
): Announcement | 'partial' | undefined {
  for (const { kind, word, skip, end, read } of PATTERNS[direction]) {
    if (text.length <= word.length) {
      if (word.startsWith(text.toUpperCase())) return 'partial';
      continue;
    }
    if (text.slice(0, word.length).toUpperCase() !== word) continue;
    let at = word.length;
    if (skip !== undefined) {
      at = text.indexOf(skip, at);
      if (at < 0 || at === text.length - 1) return 'partial';
      at++;
    }
    const found = read(text.slice(at), end, family);
    if (!found) return 'partial';
    const from = at + (found.skipped ?? 0);
    const { address, port, length } = found;
    return { kind, port, from, to: from + length, ...(address === undefined ? {} : { address }) };
  }
  return undefined;
}

/** try_number(): numbers with separators between; undefined unless all are there and `end` follows. */
function readNumbers(
  text: string,
  count: number,
  separator: string,
  end: string | undefined,
): { values: number[]; length: number } | undefined {
  const values = new Array<number>(count).fill(0);
  let i = 0;
  for (let at = 0; at < text.length && i < count; at++) {
    const character = text[at] ?? '';
    if (character >= '0' && character <= '9') values[i] = ((values[i] ?? 0) * 10 + Number(character)) >>> 0;
    else if (character === separator) i++;
    else
      return (end === undefined || character === end) && i === count - 1 ? { values, length: at } : undefined;
  }
  return undefined;
}

/** try_rfc959(): `10,0,0,1,4,210` */
function readSix(text: string, end: string | undefined, family: Family): Read | undefined {
  const found = readNumbers(text, 6, ',', end);
  if (!found) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = found.values;
  const address = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const port = ((high << 8) | low) & 0xffff;
  return { port, length: found.length, ...(family === 4 ? { address } : {}) };
}

/** try_rfc1123(): the numbers begin at the first digit. */
function readSixAnywhere(text: string, end: string | undefined, family: Family): Read | undefined {
  const skipped = text.search(/\d/);
  if (skipped < 0) return undefined;
  const found = readSix(text.slice(skipped), end, family);
  return found && { ...found, skipped };
}

/** try_eprt(): `|1|10.0.0.1|1234|` */
function readExtended(text: string, _end: string | undefined, family: Family): Read | undefined {
  const delimiter = text[0] ?? '';
  if (text.length <= 3 || !isDelimiter(delimiter) || text[2] !== delimiter) return undefined;
  if (text[1] !== (family === 4 ? '1' : '2')) return undefined;
  const stop = text.indexOf(delimiter, 3);
  if (stop < 0) return undefined;
  const address = family === 4 ? readDotted(text.slice(3), delimiter) : parseIp(text.slice(3, stop));
  if (address === undefined) return undefined;
  return readPort(text, stop + 1, delimiter, address);
}

function readDotted(text: string, delimiter: string): number | undefined {
  const found = readNumbers(text, 4, '.', delimiter);
  if (!found || found.length === 0) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = found.values;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** try_epsv_response(): `|||1234|` */
function readPortOnly(text: string): Read | undefined {
  const delimiter = text[0] ?? '';
  if (text.length <= 3 || !isDelimiter(delimiter)) return undefined;
  if (text[1] !== delimiter || text[2] !== delimiter) return undefined;
  return readPort(text, 3, delimiter);
}

/** get_port() */
function readPort(text: string, from: number, delimiter: string, address?: Ip): Read | undefined {
  const digits = /^\d*/.exec(text.slice(from))?.[0] ?? '';
  const port = Number(digits) & 0xffff;
  if (port === 0 || text[from + digits.length] !== delimiter) return undefined;
  return { port, length: from + digits.length + 1, ...(address === undefined ? {} : { address }) };
}

function isDelimiter(character: string): boolean {
  return character >= '!' && character <= '~' && !(character >= '0' && character <= '9');
}
