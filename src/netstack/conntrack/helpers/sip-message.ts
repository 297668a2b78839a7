/**
 * ct_sip_get_header(), ct_sip_parse_header_uri() and their like, net/netfilter/nf_conntrack_sip.c: where headers, addresses and
 * parameters stand in a SIP message. Offsets are those of the message's text, one character a byte.
 */
import { type Family, type Ip, parseIp } from '../../../net/ip.ts';

const SIP_PORT = 5060;

export interface Piece {
  readonly from: number;
  readonly to: number;
}

export interface Uri extends Piece {
  readonly address: Ip;
  readonly port: number;
}

type Measure = (text: string, at: number, family: Family) => Piece | undefined;

interface Header {
  readonly name: string;
  /** Compact form. */
  readonly short?: string;
  /** What stands before the value. */
  readonly search?: string;
  readonly measure: Measure;
}

const digits: Measure = (text, at) => piece(at, /^\d+/.exec(text.slice(at))?.[0]);
const piece = (at: number, found: string | undefined): Piece | undefined =>
  found ? { from: at, to: at + found.length } : undefined;

/** epaddr_len(): an address, and a port. */
const endpoint: Measure = (text, at, family) => {
  const found = addressAt(text, at, family, true);
  if (!found) return undefined;
  const port = /^:\d*/.exec(text.slice(found.to))?.[0] ?? '';
  return { from: at, to: found.to + port.length };
};

/** skp_epaddr_len(): behind user@. */
const behindUser: Measure = (text, at, family) => {
  const user = /^[^@\r\n]*@/.exec(text.slice(at))?.[0] ?? '';
  return endpoint(text, at + user.length, family);
};

export const HEADERS = {
  cseq: { name: 'CSeq', measure: digits },
  from: { name: 'From', short: 'f', search: 'sip:', measure: behindUser },
  to: { name: 'To', short: 't', search: 'sip:', measure: behindUser },
  contact: { name: 'Contact', short: 'm', search: 'sip:', measure: behindUser },
  viaUdp: { name: 'Via', short: 'v', search: 'UDP ', measure: endpoint },
  viaTcp: { name: 'Via', short: 'v', search: 'TCP ', measure: endpoint },
  expires: { name: 'Expires', measure: digits },
  length: { name: 'Content-Length', short: 'l', measure: digits },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof HEADERS;

/** parse_addr(): in4_pton() and in6_pton(). `bracketed`: IPv6 stands in brackets. */
export function addressAt(
  text: string,
  at: number,
  family: Family,
  bracketed: boolean,
): (Piece & { readonly address: Ip }) | undefined {
  const rest = text.slice(at, at + 64);
  const pattern =
    family === 4
      ? /^(\d+(?:\.\d+){3})(?![.\da-fA-F])/
      : bracketed
        ? /^\[([\da-fA-F:.]+)\]/
        : /^\[?([\da-fA-F:.]+)\]?/;
  const [whole, words = ''] = pattern.exec(rest) ?? [];
  if (whole === undefined) return undefined;
  const address = parseIp(family === 4 ? words.replace(/(^|\.)0+(?=\d)/g, '$1') : words);
  return address === undefined ? undefined : { from: at, to: at + whole.length, address };
}

/** Behind the end of the line at `at`, or -1; a line that begins with blanks goes on with the one before. */
function continuation(text: string, at: number): number {
  let next = at + 1;
  if (text[at] === '\r' && text[next] === '\n') next++;
  if (text[next] !== ' ' && text[next] !== '\t') return -1;
  while (text[next] === ' ' || text[next] === '\t') next++;
  return next;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    if (text[at] === ' ' || text[at] === '\t') continue;
    return text[at] === '\r' || text[at] === '\n' ? continuation(text, at) : at;
  }
  return at;
}

/** ct_sip_header_search(): within a header's value, its continuation lines too. */
export function searchValue(text: string, from: number, needle: string, end = text.length): number {
  const wanted = needle.toLowerCase();
  for (let at = from; at < end - needle.length; at++) {
    if (text[at] === '\r' || text[at] === '\n') {
      at = continuation(text, at);
      if (at < 0) return -1;
      continue;
    }
    if (text.slice(at, at + needle.length).toLowerCase() === wanted) return at;
  }
  return -1;
}

type Found = Piece | { readonly unreadable: number } | undefined;

/** ct_sip_get_header(): the next header of that name. `unreadable`: there is one, whose value isn't understood. */
export function headerAt(text: string, from: number, name: HeaderName, family: Family): Found {
  const header: Header = HEADERS[name];
  for (let at = from; at < text.length; at++) {
    if (text[at] !== '\r' && text[at] !== '\n') continue;
    at++;
    if (text[at - 1] === '\r' && text[at] === '\n') at++;
    if (at >= text.length) return undefined;
    if (text[at] === ' ' || text[at] === '\t') continue;
    const long = text.slice(at, at + header.name.length).toLowerCase() === header.name.toLowerCase();
    const { short } = header;
    const compact =
      short !== undefined && text[at]?.toLowerCase() === short && !/[a-z]/i.test(text[at + 1] ?? 'a');
    if (!long && !compact) continue;
    at = skipBlanks(text, at + (long ? header.name.length : 1));
    if (at < 0 || text[at] !== ':') return undefined;
    at = skipBlanks(text, at + 1);
    if (at < 0 || at >= text.length) return undefined;
    return valueAt(text, at, header, family);
  }
  return undefined;
}

function valueAt(text: string, at: number, { search, measure }: Header, family: Family): Found {
  const behind = search === undefined ? at : searchValue(text, at, search);
  if (behind < 0) return { unreadable: at };
  return measure(text, behind + (search?.length ?? 0), family) ?? { unreadable: at };
}

/** Where a walk through the addresses of headers of one name is; Contact may have several, and occur several times. */
export interface Walk {
  at: number;
  inHeader: boolean;
}

/** ct_sip_parse_header_uri(); `broken`: the port is none that a user may have. */
export function headerUri(
  text: string,
  name: HeaderName,
  family: Family,
  walk: Walk = { at: 0, inHeader: false },
): Uri | 'broken' | undefined {
  const found = walkHeaders(text, name, family, walk);
  if (!found) return undefined;
  walk.inHeader = true;
  const uri = uriAt(text, found.from, family);
  if (uri && uri !== 'broken') walk.at = uri.to;
  return uri ?? 'broken';
}

/** ct_sip_walk_headers() */
function walkHeaders(text: string, name: HeaderName, family: Family, walk: Walk): Piece | undefined {
  let { at } = walk;
  while (walk.inHeader) {
    const found = nextInList(text, at, HEADERS[name], family);
    if (!found) break;
    if ('from' in found) return found;
    at += found.unreadable;
  }
  walk.inHeader = false;
  for (;;) {
    const found = headerAt(text, at, name, family);
    if (!found || 'from' in found) return found;
    at += found.unreadable;
  }
}

/** ct_sip_next_header(): behind a comma. */
function nextInList(text: string, at: number, header: Header, family: Family): Found {
  const comma = searchValue(text, at, ',');
  const { search = '' } = header;
  const behind = comma < 0 ? -1 : searchValue(text, comma, search);
  if (behind < 0) return undefined;
  return header.measure(text, behind + search.length, family) ?? { unreadable: behind + search.length };
}

function uriAt(text: string, at: number, family: Family): Uri | 'broken' | undefined {
  const found = addressAt(text, at, family, true);
  if (!found) return undefined;
  const { address } = found;
  if (text[found.to] !== ':') return { from: at, to: found.to, address, port: SIP_PORT };
  const words = /^\d*/.exec(text.slice(found.to + 1))?.[0] ?? '';
  const port = Number(words);
  if (port < 1024 || port > 65535) return 'broken';
  return { from: at, to: found.to + 1 + words.length, address, port };
}

/** ct_sip_parse_request(): the address of a Request-URI. */
export function requestUri(text: string, family: Family): Uri | undefined {
  const method = /^[a-z]+/i.exec(text)?.[0].length ?? 0;
  if (method === 0) return undefined;
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const scheme = line.toLowerCase().indexOf('sip:', method + 1);
  if (scheme < 0) return undefined;
  const measured = behindUser(text, scheme + 4, family);
  const uri = measured && uriAt(text, measured.from, family);
  return uri === 'broken' ? undefined : uri;
}

/** End of the list element that begins at `at`. */
function elementEnd(text: string, at: number): number {
  const comma = searchValue(text, at, ',');
  return comma < 0 ? text.length : comma;
}

/** ct_sip_parse_address_param() */
export function addressParameter(
  text: string,
  at: number,
  name: string,
  family: Family,
  bracketed: boolean,
): (Piece & { readonly address: Ip }) | undefined {
  const start = searchValue(text, at, name, elementEnd(text, at));
  return start < 0 ? undefined : addressAt(text, start + name.length, family, bracketed);
}

/** ct_sip_parse_numerical_param() */
export function numberParameter(
  text: string,
  at: number,
  name: string,
): (Piece & { readonly value: number }) | undefined {
  const start = searchValue(text, at, name, elementEnd(text, at));
  const found = start < 0 ? undefined : digits(text, start + name.length, 4);
  return found && { ...found, value: Number(text.slice(found.from, found.to)) };
}

/** ct_sip_parse_transport(): the protocol of a URI's `transport=`, the connection's own without one; undefined: another. */
export function transportParameter(text: string, at: number, own: number): number | undefined {
  const start = searchValue(text, at, 'transport=', elementEnd(text, at));
  if (start < 0) return own;
  const word = text.slice(start + 10, start + 13).toLowerCase();
  return word === 'tcp' ? 6 : word === 'udp' ? 17 : undefined;
}
