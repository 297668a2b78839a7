import { bitsOf, type Family, familyOf, formatIp, type Ip, parseIp } from './ip.ts';

/** A network: address with the host bits zero, and the number of leading bits that count. */
export interface Prefix {
  readonly address: Ip;
  readonly length: number;
}

/** The mask with `length` leading ones. */
export function maskOf(family: Family, length: number): Ip {
  if (family === 4) return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return length === 0 ? 0n : ((1n << 128n) - 1n) ^ ((1n << BigInt(128 - length)) - 1n);
}

export function applyMask(ip: Ip, mask: Ip): Ip {
  return typeof ip === 'number' ? (ip & (mask as number)) >>> 0 : ip & (mask as bigint);
}

export function networkOf(ip: Ip, length: number): Prefix {
  return { address: applyMask(ip, maskOf(familyOf(ip), length)), length };
}

export function contains(prefix: Prefix, ip: Ip): boolean {
  if (typeof prefix.address !== typeof ip) return false;
  return applyMask(ip, maskOf(familyOf(ip), prefix.length)) === prefix.address;
}

/** `10.0.0.0/8`, a bare address (full length), `default` and `0.0.0.0/0` only with a family. Host bits are cleared. */
export function parsePrefix(text: string, family?: Family): Prefix | undefined {
  if (text === 'default' || text === 'all' || text === 'any') {
    if (family === undefined) return undefined;
    return { address: family === 4 ? 0 : 0n, length: 0 };
  }
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (ip === undefined) return undefined;
  const bits = bitsOf(familyOf(ip));
  if (slash < 0) return { address: ip, length: bits };
  const tail = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(tail) || Number(tail) > bits) return undefined;
  return networkOf(ip, Number(tail));
}

/** `10.0.0.0/8`; a full-length prefix prints as `10.0.0.1/32`, the way iptables does. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.address)}/${prefix.length}`;
}

/** The IPv4 broadcast address of a subnet: host bits all ones. */
export function broadcastOf(ip: number, length: number): number {
  return (ip | ~(maskOf(4, length) as number)) >>> 0;
}
