/** Addresses and names in the texts of a bundle. */
import { formatIp, type Ip, parseIp, parseIpv4 } from '../../net/ip.ts';
import { formatMac, parseMac } from '../../net/mac.ts';
import type { Addresses } from './addresses.ts';
import type { Names } from './names.ts';

const V4 = '(?<![\\w.])\\d{1,3}(?:\\.\\d{1,3}){3}(?!\\.?\\w)';
/** Anything of hexadecimal groups with two colons or more; what it is, parsing tells. */
const COLONS =
  '(?<![\\w:.])(?:::)?(?:[0-9a-fA-F]{1,4}::?){1,8}(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9a-fA-F]{1,4})?(?![\\w])|::(?:\\d{1,3}(?:\\.\\d{1,3}){3})';
const ADDRESS = new RegExp(`${COLONS}|${V4}`, 'g');

export class Redactor {
  readonly addresses: Addresses;
  readonly names: Names;

  constructor(addresses: Addresses, names: Names) {
    this.addresses = addresses;
    this.names = names;
  }

  /** Prefixes, ranges and cards in it; before anything is replaced anywhere. */
  learn(text: string): void {
    for (const [, address = '', length = ''] of text.matchAll(/([\da-fA-F:.]+)\/(\d{1,3})\b/g))
      this.prefix(address, Number(length));
    for (const [, address = '', mask = ''] of text.matchAll(
      /([\d.]{7,15})[/ \t]+(?:[\d.]{7,15}[ \t]+)?(255[\d.]{6,12})/g,
    ))
      this.prefix(address, lengthOfMask(mask));
    // ip-addr(8) in JSON, nft's prefixes, Docker's addresses.
    for (const [, address = '', length = ''] of text.matchAll(
      /"(?:local|addr|dst|IPAddress|GlobalIPv6Address)":\s*"([\da-fA-F:.]+)"[^{}]*?"(?:prefixlen|len|IPPrefixLen|GlobalIPv6PrefixLen)":\s*(\d{1,3})/g,
    ))
      this.prefix(address, Number(length));
    for (const [, low = '', high = ''] of text.matchAll(
      /([\da-fA-F:.]{2,})(?:-|",\s*")([\da-fA-F:.]{2,})/g,
    )) {
      const [from, to] = [parseIp(low), parseIp(high)];
      if (from !== undefined && to !== undefined && typeof from === typeof to && from !== to)
        this.addresses.learnRange(from, to);
    }
    for (const [word] of text.matchAll(ADDRESS)) {
      const mac = parseMac(word);
      if (mac !== undefined) this.addresses.learnMac(mac);
    }
  }

  private prefix(address: string, length: number): void {
    const ip = parseIp(address);
    if (ip === undefined || length <= 0 || length >= (typeof ip === 'number' ? 32 : 128)) return;
    this.addresses.learnPrefix(ip, length);
  }

  text(text: string): string {
    return this.names.in(this.replaceAddresses(text));
  }

  replaceAddresses(text: string): string {
    return text.replace(ADDRESS, (word) => this.word(word));
  }

  private word(word: string): string {
    const mac = parseMac(word);
    if (mac !== undefined) {
      const mapped = this.addresses.ofMac(mac);
      return mapped === mac ? word : formatMac(mapped);
    }
    for (const tail of ['', ':']) {
      const body = tail !== '' && word.endsWith(tail) ? word.slice(0, -1) : word;
      const ip = parseIp(body);
      if (ip === undefined) continue;
      const mapped: Ip = this.addresses.of(ip);
      return mapped === ip ? word : formatIp(mapped) + word.slice(body.length);
    }
    return word;
  }

  /** Columns of /proc/net in hexadecimal: route and tcp as the machine has them (little end first), ipv6_route as the wire has. */
  hex(file: string, text: string): string {
    const small = (hex: string): string => {
      const ip = parseIpv4(
        (hex.match(/../g) ?? [])
          .toReversed()
          .map((byte) => Number.parseInt(byte, 16))
          .join('.'),
      );
      if (ip === undefined) return hex;
      const bytes = [0, 8, 16, 24].map((by) =>
        (((this.addresses.of(ip) as number) >>> by) & 255).toString(16).padStart(2, '0'),
      );
      return bytes.join('').toUpperCase();
    };
    if (/proc-net-route/.test(file)) {
      return text.replace(
        /^(\S+\t)([0-9A-F]{8})\t([0-9A-F]{8})/gm,
        (_, head, to, via) => `${head}${small(to)}\t${small(via)}`,
      );
    }
    if (/proc-net-(tcp|udp|raw)/.test(file)) {
      return text.replace(
        /^( *\d+: )([0-9A-F]{8})(:[0-9A-F]{4} )([0-9A-F]{8})/gm,
        (_, head, own, port, peer) => `${head}${small(own)}${port}${small(peer)}`,
      );
    }
    if (!/ipv6_route/.test(file)) return text;
    return text.replace(/\b[0-9a-f]{32}\b/g, (hex) =>
      (this.addresses.of(BigInt(`0x${hex}`)) as bigint).toString(16).padStart(32, '0'),
    );
  }
}

/** 255.255.255.0 → 24; anything else counts as none. */
function lengthOfMask(mask: string): number {
  const value = parseIpv4(mask);
  if (value === undefined) return 0;
  const ones = value.toString(2).padStart(32, '0');
  return /^1*0*$/.test(ones) ? ones.indexOf('0') : 0;
}
