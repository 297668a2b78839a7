/** Words of nft's language (src/scanner.l of nftables): the longest match counts, a line's end is a word of its own. */
import { parseIpv6 } from '../../net/ip.ts';

export interface Token {
  readonly kind: 'word' | 'string' | 'symbol' | 'newline' | 'handle';
  /** Without quotes; of `# handle 5`: the number. */
  readonly text: string;
  readonly line: number;
  /** In the text, end excluded. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /(?:[ \t\r\f]|\\[ \t]*\r?\n)+/y;
const HANDLE = /# handle (\d{1,15})[ \t]*(?=\r?\n|$)/y;
const COMMENT = /#[^\n]*/y;
const STRING = /"[^"\n]*"/y;
const MAC = /[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5,7}(?![0-9a-fA-F:])/y;
const IPV6_MAPPED = /(?=[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{2,30}:\d{1,3}(?:\.\d{1,3}){3}/y;
const IPV6 = /(?=[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{2,40}/y;
const IPV4 = /\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/y;
const CLASSID = /[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}(?![\w:.])/y;
const NUMBER = /(?:0x[0-9a-fA-F]+|\d+)(?!\w)/y;
const DURATION = /(?:\d+(?:ms|[dhms]))+(?!\w)/y;
/** Of a rate: `10 kbytes/second`. */
const UNIT = /(?:[kmg]?bytes|packets)(?=\/)/y;
const NAME = /[\w$\\][\w$\\./*-]*/y;
const SYMBOL = /==|!=|<=|>=|<<|>>|&&|[{}()[\]=<>!&|^/,.:;@+*-]/y;

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token['kind'], content: string, length: number) => {
    tokens.push({ kind, text: content, line, start: at, end: at + length });
    at += length;
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '\n') {
      push('newline', '\n', 1);
      line++;
      continue;
    }
    const space = take(SPACE);
    if (space !== undefined) {
      at += space.length;
      line += countLines(space);
      continue;
    }
    if (char === '#') {
      HANDLE.lastIndex = at;
      const handle = HANDLE.exec(text);
      if (handle) push('handle', handle[1] ?? '', handle[0].length);
      else at += take(COMMENT)?.length ?? 1;
      continue;
    }
    const quoted = char === '"' ? take(STRING) : undefined;
    if (quoted !== undefined) {
      push('string', quoted.slice(1, -1), quoted.length);
      continue;
    }
    const word =
      take(MAC) ??
      ipv6(take(IPV6_MAPPED)) ??
      ipv6(take(IPV6)) ??
      take(IPV4) ??
      take(CLASSID) ??
      take(DURATION) ??
      take(NUMBER);
    if (word !== undefined) {
      push('word', word, word.length);
      continue;
    }
    const name = take(UNIT) ?? take(NAME);
    if (name !== undefined) {
      push('word', name, name.length);
      continue;
    }
    const symbol = take(SYMBOL);
    push('symbol', symbol ?? char, symbol?.length ?? 1);
  }
  return tokens;
}

function countLines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  return count;
}

/** An address has `::` or all its groups; `80:22` is none. */
function ipv6(candidate: string | undefined): string | undefined {
  if (candidate === undefined) return undefined;
  return parseIpv6(candidate) === undefined ? undefined : candidate;
}
