/**
 * The language of filters: pcap-filter(7)'s words (`tcp and host 10.0.0.2 and not port 22`), Wireshark's fields
 * (`ip.addr == 10.0.0.2`), and flows (`udp 10.0.0.2 > 8.8.8.8:53`, `10.0.0.2 <> 8.8.8.8`), mixed as one likes.
 */
import { wordTable } from '../base/word-table.ts';
import { type EndFault, parseEnd, parseHost, parsePorts } from './end.ts';
import type { FilterFault } from './fault.ts';
import { isFault } from './fault.ts';
import { fieldFilter, isField } from './field.ts';
import { allOf, anyOf, type End, type Filter, type Side } from './filter.ts';
import { type Token, tokens } from './lex.ts';
import { protocolFilter, protocolWord } from './protocol.ts';
import { parseTimeRange } from './time.ts';

export type Parsed = Filter | FilterFault;

export function parseFilter(text: string): Parsed {
  const reader = new Reader(text);
  const filter = reader.alternatives();
  if (isFault(filter)) return filter;
  const rest = reader.peek();
  return rest
    ? reader.fault(rest, `${rest.text} can't stand here: \`and\` or \`or\` belongs before it`)
    : filter;
}

/** Words that are none of a name, unless quoted. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...['and', 'or', 'not', 'host', 'net', 'port', 'portrange', 'proto', 'src', 'dst', 'time', 'any', 'all'],
  ...['eq', 'ne', 'flow'],
]);

const SIDES = wordTable<Side>({ src: 'source', dst: 'destination' });
const KINDS: ReadonlySet<string> = new Set(['host', 'net', 'port', 'portrange', 'proto', 'time', 'flow']);

/** Parentheses and negations within each other. */
const DEEPEST = 64;

type Kind = 'host' | 'port';

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  /** What `port 80 or 443` leaves unsaid. */
  #last: { readonly kind: Kind; readonly side: Side } = { kind: 'host', side: 'either' };

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  fault({ at, length }: Token, fault: string): FilterFault {
    return { fault, at, length };
  }

  alternatives(): Parsed {
    return this.#list(['or', '||'], () => this.#list(['and', '&&'], () => this.#unary(), allOf), anyOf);
  }

  #list(words: readonly string[], part: () => Parsed, join: (parts: readonly Filter[]) => Filter): Parsed {
    const first = part();
    if (isFault(first)) return first;
    const parts = [first];
    while (this.#take(words)) {
      const next = part();
      if (isFault(next)) return next;
      parts.push(next);
    }
    return join(parts);
  }

  #unary(): Parsed {
    const token = this.peek();
    if (++this.#depth > DEEPEST) return this.#missing('less within each other');
    const filter = this.#inner(token);
    this.#depth--;
    return filter;
  }

  #inner(token: Token | undefined): Parsed {
    if (this.#take(['not', '!'])) {
      const part = this.#unary();
      if (isFault(part)) return part;
      return part.kind === 'not' ? part.part : { kind: 'not', part };
    }
    if (!this.#take(['('])) return this.#primitive();
    const inside = this.alternatives();
    if (isFault(inside)) return inside;
    if (this.#take([')'])) return inside;
    return token ? this.fault(token, 'this parenthesis is not closed') : this.#missing('a parenthesis');
  }

  #primitive(): Parsed {
    const token = this.peek();
    if (!token) return this.#missing('an address, a port, a protocol or a flow');
    if (token.sign !== undefined) return this.fault(token, `${token.text} can't stand here`);
    const word = token.text.toLowerCase();
    if (token.quoted) return this.#ends();
    const protocol = protocolWord(word);
    if (protocol) {
      this.#at++;
      return this.#qualified(protocol);
    }
    if (isField(word)) return this.#field(token, word);
    const side = SIDES[word];
    if (side !== undefined) {
      this.#at++;
      return this.#kind(side);
    }
    if (KINDS.has(word)) return this.#kind('either');
    if (word === 'and' || word === 'or') return this.fault(token, `there is nothing before ${token.text}`);
    if (/^\d{1,5}(-\d{1,5})?$/.test(word) && this.#last.kind === 'port')
      return this.#values('port', this.#last.side);
    return this.#ends();
  }

  /** `tcp` alone, or before what else is asked: `tcp port 80`, `tcp 10.0.0.2 > 8.8.8.8:53`. */
  #qualified(protocol: Filter): Parsed {
    const next = this.peek();
    const ends =
      next === undefined || next.sign !== undefined || ['and', 'or', 'not'].includes(next.text.toLowerCase());
    if (ends && next?.sign !== '>' && next?.sign !== '<' && next?.sign !== '<>') return protocol;
    const rest = this.#primitive();
    if (isFault(rest)) return rest;
    return allOf([ofFamily(protocol, rest), rest]);
  }

  /** From `host`, `port` … on, or what `src` and `dst` stand before. */
  #kind(side: Side): Parsed {
    const token = this.peek();
    if (!token) return this.#missing('an address');
    const word = token.quoted ? '' : token.text.toLowerCase();
    if (!KINDS.has(word)) return this.#values('host', side);
    this.#at++;
    if (word === 'host' || word === 'net') return this.#values('host', side);
    if (word === 'port' || word === 'portrange') return this.#values('port', side);
    if (word === 'flow') return this.#ends();
    const value = this.#word(word === 'time' ? 'a time' : 'a protocol');
    if (isFault(value)) return value;
    if (word === 'proto')
      return protocolFilter(value.text) ?? this.fault(value, `${value.text} is no protocol`);
    const range = parseTimeRange(value.text);
    if (range) return { kind: 'time', range };
    return this.fault(value, `${value.text} is no FROM..TO, such as 10:00:00..10:00:30 or +10s..+20s`);
  }

  /** One value or several with commas. */
  #values(kind: Kind, side: Side): Parsed {
    this.#last = { kind, side };
    const parts: Filter[] = [];
    do {
      const value = this.#word(kind === 'host' ? 'an address' : 'a port');
      if (isFault(value)) return value;
      const read = kind === 'host' ? this.#host(value, side) : portFilter(value.text, side);
      if ('wrong' in read) return this.fault(value, read.wrong);
      parts.push(read);
    } while (this.#take([',']));
    return anyOf(parts);
  }

  #host(value: Token, side: Side): Filter | EndFault {
    const host = value.quoted ? { name: value.text } : parseHost(value.text);
    return 'wrong' in host ? host : { kind: 'host', side, host };
  }

  /** `A > B`, `A <> B`, `A B`; an end alone. */
  #ends(): Parsed {
    const left = this.#end();
    if (isFault(left)) return left;
    const arrow = this.peek();
    const way =
      arrow?.sign === '<>' ? 'between' : arrow?.sign === '>' || arrow?.sign === '<' ? 'to' : undefined;
    if (way === undefined) {
      const second = arrow && arrow.sign === undefined && !KEYWORDS.has(arrow.text.toLowerCase());
      if (!second || protocolWord(arrow.text) || isField(arrow.text)) return alone(left.end);
      const right = this.#end();
      if (isFault(right)) return right;
      return { kind: 'flow', way: 'between', left: left.end, right: right.end };
    }
    this.#at++;
    const right = this.#end();
    if (isFault(right)) return right;
    const [from, to] = arrow?.sign === '<' ? [right.end, left.end] : [left.end, right.end];
    return { kind: 'flow', way, left: from, right: to };
  }

  #end(): { readonly end: End } | FilterFault {
    const token = this.#word('an end of a flow');
    if (isFault(token)) return token;
    const word = token.text.toLowerCase();
    if (!token.quoted && KEYWORDS.has(word) && word !== 'any' && word !== 'all')
      return this.fault(token, `${token.text} can't be an end of a flow`);
    const end = token.quoted ? { host: { name: token.text } } : parseEnd(token.text);
    if ('wrong' in end) return this.fault(token, end.wrong);
    const port = this.peek();
    // `"a name":80`
    if (
      token.quoted &&
      port?.sign === undefined &&
      port?.at === token.at + token.length &&
      port.text.startsWith(':')
    ) {
      this.#at++;
      const behind = parseEnd(port.text);
      return 'wrong' in behind ? this.fault(port, behind.wrong) : { end: { ...end, ...behind } };
    }
    return { end };
  }

  #field(field: Token, word: string): Parsed {
    this.#at++;
    const sign = this.peek();
    const unequal = this.#take(['!=', 'ne']);
    if (!unequal && !this.#take(['==', 'eq']))
      return this.fault(sign ?? field, `${field.text} is to be compared by == or !=`);
    const value = this.#word('a value');
    if (isFault(value)) return value;
    const filter = fieldFilter(word, value.text);
    if ('wrong' in filter) return this.fault(value, filter.wrong);
    return unequal ? { kind: 'not', part: filter } : filter;
  }

  #word(what: string): Token | FilterFault {
    const token = this.peek();
    if (!token) return this.#missing(what);
    if (token.sign !== undefined) return this.fault(token, `${what} is expected here`);
    this.#at++;
    return token;
  }

  #take(words: readonly string[]): boolean {
    const token = this.peek();
    if (!token || token.quoted || !words.includes(token.sign ?? token.text.toLowerCase())) return false;
    this.#at++;
    return true;
  }

  #missing(what: string): FilterFault {
    return { fault: `it ends where ${what} is expected`, at: this.#text.trimEnd().length, length: 1 };
  }
}

function portFilter(text: string, side: Side): Filter | EndFault {
  const ports = parsePorts(text);
  return 'wrong' in ports ? ports : { kind: 'port', side, ports };
}

/** Some end is there, whichever. */
function alone(end: End): Filter {
  if (end.host && !end.ports) return { kind: 'host', side: 'either', host: end.host };
  if (end.ports && !end.host) return { kind: 'port', side: 'either', ports: end.ports };
  return { kind: 'flow', way: 'between', left: end, right: {} };
}

/** Between IPv6 addresses `icmp` is ICMPv6. */
function ofFamily(protocol: Filter, rest: Filter): Filter {
  if (protocol.kind !== 'protocol' || protocol.protocol !== 1) return protocol;
  const hosts =
    rest.kind === 'flow' ? [rest.left.host, rest.right.host] : rest.kind === 'host' ? [rest.host] : [];
  const is6 = hosts.some((host) => host && 'prefix' in host && typeof host.prefix.address === 'bigint');
  return is6 ? { kind: 'protocol', protocol: 58 } : protocol;
}
