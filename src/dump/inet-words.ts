/** The words of an address as `ip addr` prints them: iproute2 ip/ipaddress.c, print_addrinfo(). */
import type { Span } from '../base/span.ts';
import { bitsOf, familyOf, type Ip, parseIp } from '../net/ip.ts';
import { parseNumber } from './fields.ts';
import type { InterfaceAddress } from './records.ts';
import type { Words } from './words.ts';

/** IFA_F_* as `ip addr` prints them; any other last word of an IPv4 address is its label. */
const FLAGS = new Set(
  'secondary temporary nodad optimistic dadfailed home deprecated tentative permanent mngtmpaddr noprefixroute autojoin stable-privacy dynamic'.split(
    ' ',
  ),
);

/** Behind `inet`: `10.0.0.1/24 brd 10.0.0.255 scope global dynamic eth0`, `10.0.0.1 peer 10.0.0.2/32 …`. */
export function parseInet(words: Words, device: string, span: Span): InterfaceAddress | undefined {
  const local = withLength(words.next());
  if (!local) return undefined;
  let length = local.length;
  const found: { -readonly [K in keyof InterfaceAddress]?: InterfaceAddress[K] } = {};
  const flags: string[] = [];
  let last: string | undefined;
  while (!words.done) {
    const word = words.next();
    last = undefined;
    if (word === 'peer') {
      const peer = withLength(words.next());
      if (peer) found.peer = peer.ip;
      length ??= peer?.length;
    } else if (word === 'brd') {
      const broadcast = parseIp(words.next());
      if (broadcast !== undefined) found.broadcast = broadcast;
    } else if (word === 'any' || word === 'proto' || word === 'flags') words.next();
    else if (word === 'scope') words.value((scope) => (found.scope = scope));
    else if (word === 'metric') {
      const metric = parseNumber(words.next());
      if (metric !== undefined) found.metric = metric;
    } else {
      flags.push(word);
      last = word;
    }
  }
  if (familyOf(local.ip) === 4 && last !== undefined && !FLAGS.has(last)) {
    flags.pop();
    if (last !== device) found.label = last;
  }
  return {
    ...found,
    address: local.ip,
    length: length ?? bitsOf(familyOf(local.ip)),
    scope: found.scope ?? 'global',
    secondary: flags.includes('secondary'),
    flags: flags.filter((flag) => flag !== 'secondary'),
    span,
  };
}

function withLength(word: string): { ip: Ip; length?: number } | undefined {
  const slash = word.indexOf('/');
  const ip = parseIp(slash < 0 ? word : word.slice(0, slash));
  if (ip === undefined) return undefined;
  if (slash < 0) return { ip };
  const length = parseNumber(word.slice(slash + 1));
  return length === undefined || length > bitsOf(familyOf(ip)) ? undefined : { ip, length };
}

/** INFINITY_LIFE_TIME */
const FOREVER = 0xffffffff;

export function parseLifetime(word: string): number | undefined {
  return word === 'forever' ? FOREVER : parseNumber(word.replace(/sec$/, ''));
}
