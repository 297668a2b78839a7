/** One end of a flow in all the ways that tools print it: `10.0.0.2:53`, `10.0.0.2.53`, `[fd00::1]:53`, `10.0.0.0/8`, `web:http`. */
import { type Ip, parseIp } from '../net/ip.ts';
import { networkOf, parsePrefix } from '../net/prefix.ts';
import { servicePort } from '../xtables/names/services.ts';
import type { End, Host, PortRange } from './filter.ts';

/** What isn't understood of it. */
export type EndFault = { readonly wrong: string };

const ANY = new Set(['any', '*', 'all', '0.0.0.0/0', '::/0']);

export function parseEnd(text: string): End | EndFault {
  // tcpdump puts a colon behind the second one, lists a comma.
  const word = /[^:]:$/.test(text) ? text.slice(0, -1) : text.replace(/,$/, '');
  if (ANY.has(word)) return {};
  const bracketed = /^\[([^\]]*)\](?:[.:](.*))?$/.exec(word);
  if (bracketed) return made(parseHost(bracketed[1] ?? ''), bracketed[2]);
  const whole = addressOf(word);
  if (whole) return made(whole, undefined);
  // As tcpdump has it: the port behind one more dot, also of IPv6 addresses.
  const dotted = /^(.*[\da-f:])\.([\w-]+)$/i.exec(word);
  const before = dotted && addressOf(dotted[1] ?? '');
  if (dotted && before) return made(before, dotted[2]);
  const colon = word.lastIndexOf(':');
  if (colon < 0) return made(parseHost(word), undefined);
  const name = word.slice(0, colon);
  const port = word.slice(colon + 1);
  if (name === '' || name === '*') return made(undefined, port);
  return made(parseHost(name), port);
}

function made(host: Host | EndFault | undefined, port: string | undefined): End | EndFault {
  if (host && 'wrong' in host) return host;
  const ports = port === undefined || port === '*' || port === '' ? undefined : parsePorts(port);
  if (ports && 'wrong' in ports) return ports;
  // However it is written: `1.0.0.0/0` is what `any` is.
  const isAny = host !== undefined && 'prefix' in host && host.prefix.length === 0;
  return { ...(host && !isAny && { host }), ...(ports && { ports }) };
}

/** `53`, `1000-2000`, `http`. */
export function parsePorts(text: string): PortRange | EndFault {
  const [, first = '', last] = /^([^-]+|\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (/^\d+$/.test(first)) {
    const from = Number(first);
    const to = last === undefined ? from : Number(last);
    if (from > 65535 || to > 65535) return { wrong: `${text} is no port: they go from 0 to 65535` };
    return from <= to ? { from, to } : { wrong: `${text} ends before it begins` };
  }
  const port = servicePort(text);
  return port === undefined
    ? { wrong: `${text} is no port, nor a service of /etc/services` }
    : { from: port, to: port };
}

/** An address, a prefix or a name. */
export function parseHost(text: string): Host | EndFault {
  const address = addressOf(text);
  if (address) return address;
  if (text === '') return { wrong: 'there is no address' };
  if (/^[\d.]+(?:\/.*)?$/.test(text) || /:.*:/.test(text)) {
    const shape = text.includes('/') ? 'no network: such as 10.0.0.0/8' : 'no address';
    return { wrong: `${text} is ${shape}` };
  }
  return /^[\p{L}\p{N}_][\p{L}\p{N}_./@-]*$/u.test(text)
    ? { name: text }
    : { wrong: `${text} is neither an address nor a name` };
}

/** Zones (`%eth0`) say where it holds, not which it is; `::ffff:10.0.0.2` is how ss names IPv4 on an IPv6 socket. */
function addressOf(text: string): Host | undefined {
  const prefix = parsePrefix(text.replace(/%[\w.-]+(?=\/|$)/, ''));
  if (!prefix) return undefined;
  const mapped = prefix.length === 128 ? unmapped(prefix.address) : undefined;
  return { prefix: mapped === undefined ? prefix : networkOf(mapped, 32) };
}

function unmapped(address: Ip): Ip | undefined {
  return typeof address === 'bigint' && address >> 32n === 0xffffn
    ? Number(address & 0xffffffffn)
    : undefined;
}

/** An address alone, as what was pasted has it. */
export function isAddress(text: string): boolean {
  return parseIp(text.replace(/%.*$/, '')) !== undefined;
}
