/** -s/-d and XTTYPE_HOST*: xtables_ipparse_any(), xtables_ip6parse_any(), xtables_ipmask_to_numeric() of libxtables/xtables.c. */
import { bitsOf, type Family, formatIp, type Ip, parseIp, parseIpv6 } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { Value } from '../extension.ts';
import { readNumber } from './number.ts';

export interface AddressMask {
  readonly address: Ip;
  readonly mask: Ip;
}

/** numeric_to_ipaddr(): dotted bytes, the missing ones zero (`10.1`), or one number above 255 for the whole (`0x0a000001`). */
function readIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  const bytes = parts.map((part) => readNumber(part, 255));
  if (bytes.includes(undefined)) return parts.length === 1 ? readNumber(text, 0xffffffff) : undefined;
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

export function readAddress(text: string, family: Family): Ip | undefined {
  return family === 4 ? readIpv4(text) : parseIpv6(text);
}

export function readMask(text: string, family: Family): Ip | undefined {
  if (/^\d{1,3}$/.test(text)) {
    return Number(text) <= bitsOf(family) ? maskOf(family, Number(text)) : undefined;
  }
  const mask = parseIp(text);
  return typeof mask === (family === 4 ? 'number' : 'bigint') ? mask : undefined;
}

/** The host bits are cleared. */
export function readAddressMask(text: string, family: Family): AddressMask | undefined {
  const slash = text.indexOf('/');
  const address = readAddress(slash < 0 ? text : text.slice(0, slash), family);
  const mask = slash < 0 ? maskOf(family, bitsOf(family)) : readMask(text.slice(slash + 1), family);
  if (address === undefined || mask === undefined) return undefined;
  return { address: applyMask(address, mask), mask };
}

/** Leading ones of a mask, undefined when it is no prefix. */
export function prefixLength(mask: Ip): number | undefined {
  const bits = typeof mask === 'number' ? 32 : 128;
  const value = BigInt(mask);
  const hosts = (1n << BigInt(bits)) - 1n - value;
  if ((hosts & (hosts + 1n)) !== 0n) return undefined;
  return bits - (hosts === 0n ? 0 : hosts.toString(2).length);
}

/** inet_ntop(): as formatIp, and the deprecated IPv4-compatible addresses dotted. */
export function formatAddress(ip: Ip): string {
  if (typeof ip === 'bigint' && ip > 0xffffn && ip <= 0xffffffffn) return `::${formatIp(Number(ip))}`;
  return formatIp(ip);
}

export function formatMask(mask: Ip): string {
  return String(prefixLength(mask) ?? formatAddress(mask));
}

/** `10.0.0.0/8`, `10.0.0.1/32`, `10.0.12.0/255.0.255.0`. */
export function formatAddressMask({ address, mask }: AddressMask): string {
  return `${formatAddress(address)}/${formatMask(mask)}`;
}

/** The same without a full-length mask, as most extensions print it. */
export function formatHostMask({ address, mask }: AddressMask): string {
  const length = prefixLength(mask);
  return length === bitsOf(typeof mask === 'number' ? 4 : 6)
    ? formatAddress(address)
    : `${formatAddress(address)}/${length ?? formatAddress(mask)}`;
}

export function addressMatches(ip: Ip, { address, mask }: AddressMask): boolean {
  return typeof ip === typeof mask && applyMask(ip, mask) === address;
}

export function hostMaskMatches(ip: Ip, { address, mask }: AddressMask): boolean {
  return typeof ip === typeof mask && applyMask(ip, mask) === applyMask(address, mask);
}

export const address: Value<Ip> = {
  words: 1,
  expected: 'an address',
  read: ([text = ''], { family }) => readAddress(text, family),
};

/** XTTYPE_HOSTMASK: the host bits stay as they were given. */
export const hostMask: Value<AddressMask> = {
  words: 1,
  expected: 'an address, or address/mask',
  read([text = ''], { family }) {
    const read = readAddressMask(text, family);
    const address = readAddress(text.replace(/\/.*/, ''), family);
    return read && address !== undefined ? { address, mask: read.mask } : undefined;
  },
};

export const addressMask: Value<AddressMask> = {
  words: 1,
  expected: 'an address, or address/mask',
  read: ([text = ''], { family }) => readAddressMask(text, family),
};
