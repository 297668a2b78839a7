/** An address with or without a port, and a host by whatever name, as lines of a case have them. */
import { formatIp, type Ip, parseIp } from '../../net/ip.ts';
import { protocolNumber } from '../../xtables/names/protocols.ts';
import { servicePort } from '../../xtables/names/services.ts';
import { faultAt, quote, type Word } from './words.ts';

export interface Address {
  readonly address: Ip;
  readonly port?: number;
}

/** A host as it is called, with what follows its name. */
export interface Named {
  readonly host: string;
  readonly port?: number;
  /** IP protocol number; `icmp` is the one of the address's family, which is known later. */
  readonly protocol?: number | 'icmp';
}

/** `10.0.0.2`, `10.0.0.2:80`, `[fd00::2]:80`. */
export function readAddress(word: Word): Address {
  const { host, port } = splitPort(word, word.text);
  const address = parseIp(host);
  if (address === undefined)
    throw faultAt(word, `${quote(word.text)} is no address`, 'Such as 10.0.0.2, 10.0.0.2:80 or [fd00::2]:80');
  return { address, ...(port !== undefined && { port }) };
}

/** `8.8.8.8`, `8.8.8.8:53/udp`, `web:443/tcp`, `[fd00::1]:22/tcp`, `10.0.0.1/icmp`. */
export function readNamed(word: Word): Named {
  const slash = word.text.lastIndexOf('/');
  // A machine's name stands before a slash as well: `node-1/red`.
  const suffix = slash < 0 ? undefined : readProtocol(word.text.slice(slash + 1));
  if (slash >= 0 && suffix === undefined && /^\d+$|:\d+$/.test(word.text.slice(0, slash)))
    throw notProtocol(word, word.text.slice(slash + 1));
  const before = suffix === undefined ? word.text : word.text.slice(0, slash);
  return { ...splitPort(word, before), ...(suffix !== undefined && { protocol: suffix }) };
}

export function readProtocol(text: string): number | 'icmp' | undefined {
  if (/^icmp(v?6)?$/i.test(text) || text === 'ipv6-icmp') return 'icmp';
  const number = /^\d+$/.test(text) ? Number(text) : protocolNumber(text.toLowerCase());
  return number === undefined || number > 255 ? undefined : number;
}

function notProtocol(word: Word, text: string) {
  return faultAt(word, `${quote(text)} is no protocol`, 'By name (tcp, udp, icmp, sctp, gre …) or number.');
}

function splitPort(word: Word, text: string): { host: string; port?: number } {
  if (parseIp(text) !== undefined) return { host: text };
  const bracketed = /^\[([^\]]*)\](?::(.+))?$/.exec(text);
  const colon = text.lastIndexOf(':');
  const host = bracketed?.[1] ?? (colon < 0 ? text : text.slice(0, colon));
  const port = bracketed ? bracketed[2] : colon < 0 ? undefined : text.slice(colon + 1);
  if (port === undefined) return { host };
  return { host, port: readPort(word, port) };
}

export function readPort(word: Word, text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : servicePort(text);
  if (port !== undefined && port <= 65535) return port;
  throw faultAt(word, `${quote(text)} is no port`, 'A number up to 65535, or a service such as https.');
}

/** `0x10`, `16`, `0x10/0xff`. */
export function readMark(word: Word): { value: number; mask: number } {
  const [value, mask = 0xffffffff] = word.text.split('/').map(number32);
  if (value !== undefined && !Number.isNaN(value) && !Number.isNaN(mask)) return { value, mask };
  throw faultAt(word, `${quote(word.text)} is no mark`, 'Such as 0x10, 16 or 0x10/0xff.');
}

function number32(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  return value <= 0xffffffff ? value : Number.NaN;
}

export function addressText({ address, port }: Address): string {
  const text = formatIp(address);
  if (port === undefined) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}
