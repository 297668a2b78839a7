/**
 * IP addresses as values: an IPv4 address is a number (uint32, host order), an IPv6 address a bigint (128 bits).
 * The type tells the family, `===` compares, and both are Map keys. They become text only at the edge.
 */
export type Ipv4 = number;
export type Ipv6 = bigint;
/** An address as a value: IPv4 a number, IPv6 a bigint. */
export type Ip = number | bigint;
/** Of an address, a rule or a packet. */
export type Family = 4 | 6;

export function familyOf(ip: Ip): Family {
  return typeof ip === 'number' ? 4 : 6;
}

/** Bits of an address of that family: 32 or 128. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Dotted quad with exactly four decimal parts; undefined when it is anything else. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255) return undefined;
    value = value * 256 + part;
  }
  return value;
}

/** RFC 4291 text forms, also with an embedded IPv4 tail; a zone (`%eth0`) is ignored. */
export function parseIpv6(text: string): Ipv6 | undefined {
  let body = text;
  const zone = body.indexOf('%');
  if (zone >= 0) body = body.slice(0, zone);
  if (body.length < 2 || body.length > 45) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(body);
  if (dotted) {
    const tail = parseIpv4(dotted[2] as string);
    if (tail === undefined) return undefined;
    body = `${dotted[1]}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] as string);
  const tail = halves.length === 2 ? groups(halves[1] as string) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) {
    value = (value << 16n) | BigInt(group);
  }
  return value;
}

function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const values: number[] = [];
  for (const part of parts) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    values.push(Number.parseInt(part, 16));
  }
  return values;
}

export function parseIp(text: string): Ip | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** RFC 5952 text for IPv6 (longest run of zeros compressed, lower case, mapped addresses dotted). */
export function formatIp(ip: Ip): string {
  return typeof ip === 'number' ? formatIpv4(ip) : formatIpv6(ip);
}

/** Texts of addresses met lately: packets have few. */
const TEXTS: string[] = new Array<string>(1024).fill('0.0.0.0');
const TEXT_OF = new Uint32Array(1024);

function formatIpv4(ip: Ipv4): string {
  const slot = (ip ^ (ip >>> 10) ^ (ip >>> 20)) & 1023;
  if (TEXT_OF[slot] === ip) return TEXTS[slot] as string;
  const text = dotted(ip);
  TEXT_OF[slot] = ip;
  TEXTS[slot] = text;
  return text;
}

function dotted(ip: Ipv4): string {
  return `${(ip >>> 24) & 255}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

/** Where an address is taken apart: eight shifts of a bigint would be eight objects. */
const SIXTEEN = new DataView(new ArrayBuffer(16));

function formatIpv6(ip: Ipv6): string {
  if (ip >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(ip & 0xffffffffn))}`;
  SIXTEEN.setBigUint64(0, ip >> 64n);
  SIXTEEN.setBigUint64(8, ip);
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(SIXTEEN.getUint16(2 * i));
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
    i += length;
  }
  const hex = words.map((word) => word.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** `10.0.0.1:80`, `[fd00::1]:80`; the address alone when there is no port. */
export function formatEndpoint(ip: Ip, port?: number): string {
  if (port === undefined) return formatIp(ip);
  return typeof ip === 'number' ? `${formatIpv4(ip)}:${port}` : `[${formatIpv6(ip)}]:${port}`;
}
