/**
 * Stand-ins for public addresses that keep the structure: two addresses that share their first n bits do so afterwards too, as Xu, Fan,
 * Ammar and Moon have it (Prefix-Preserving IP Address Anonymization, 2002). What is private, link-local, multicast or otherwise special
 * (IANA's special-purpose registries) stays, and nothing public becomes that. The last octet stays, and where the order of addresses
 * or the zeros and ones behind a prefix count, so does that: the network's own address and its broadcast address, the ends of ranges.
 */
import { siphash } from '../../base/siphash.ts';
import type { Ip } from '../../net/ip.ts';
import type { Mac } from '../../net/mac.ts';
import { contains, networkOf, type Prefix, parsePrefix } from '../../net/prefix.ts';

export type Key = readonly [bigint, bigint];

const SPECIAL4 = prefixes(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 ' +
    '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
);
/** Of 2000::/3; everything outside it is special. */
const SPECIAL6 = prefixes('2001:db8::/32 2001::/23 3fff::/20');
const GLOBAL6 = prefixes('2000::/3');
const SIX_TO_FOUR = 0x2002n;
/** Bits from here on stay. */
const KEPT4 = 24;
const KEPT6 = 104;

export class Addresses {
  private readonly key: Key;
  /** Nodes of the tree of addresses, by their bits, under which the two halves stay as they are. */
  private readonly fixed = new Set<string>();
  private readonly flips = new Map<string, boolean>();
  private readonly done = new Map<Ip, Ip>();
  /** Vendor parts of real network cards seen anywhere: by them a group address of IPv6's neighbour discovery is known for theirs. */
  private readonly cards = new Set<number>();

  constructor(key: Key) {
    this.key = key;
    for (const prefix of SPECIAL4) this.fixPath(prefix.address, 0, prefix.length, 32);
    for (const prefix of SPECIAL6) this.fixPath(prefix.address, 0, prefix.length, 128);
    this.fixPath(SIX_TO_FOUR << 112n, 0, 16, 128);
  }

  /** Addresses between the two keep their order, and so do the ends. For a prefix: its first and its last address. */
  learnRange(low: Ip, high: Ip): void {
    const bits = typeof low === 'number' ? 32 : 128;
    let at = 0;
    while (at < bits && bit(low, at, bits) === bit(high, at, bits)) at++;
    this.fixPath(low, at, bits, bits);
    this.fixPath(high, at, bits, bits);
    this.done.clear();
  }

  learnPrefix(address: Ip, length: number): void {
    const { address: low } = networkOf(address, length);
    const size = typeof low === 'number' ? 32 : 128;
    const ones = (1n << BigInt(size - length)) - 1n;
    this.learnRange(low, typeof low === 'number' ? Number(BigInt(low) | ones) : low | ones);
  }

  learnMac(mac: Mac): void {
    if (isCard(mac)) this.cards.add(mac % 2 ** 24);
  }

  private fixPath(address: Ip, from: number, to: number, bits: number): void {
    for (let at = from; at < to; at++) this.fixed.add(node(address, at, bits));
  }

  of(ip: Ip): Ip {
    let mapped = this.done.get(ip);
    if (mapped === undefined) {
      mapped = typeof ip === 'number' ? this.of4(ip) : this.of6(ip);
      this.done.set(ip, mapped);
    }
    return mapped;
  }

  private of4(ip: number): number {
    if (SPECIAL4.some((prefix) => contains(prefix, ip))) return ip;
    let result = ip;
    for (let at = 0; at < KEPT4; at++)
      if (this.isFlipped(ip, at, 32)) result = (result ^ (1 << (31 - at))) >>> 0;
    return result;
  }

  private of6(ip: bigint): bigint {
    const upper = ip >> 32n;
    // IPv4 inside IPv6: mapped (RFC 4291), and for translation (RFC 6052).
    if (upper === 0xffffn || upper === 0x64ff9b0000000000000000n)
      return (upper << 32n) | BigInt(this.of4(Number(ip & 0xffffffffn)));
    if (ip >> 112n === SIX_TO_FOUR) {
      const inner = BigInt(this.of4(Number((ip >> 80n) & 0xffffffffn)));
      return (SIX_TO_FOUR << 112n) | (inner << 80n) | (ip & ((1n << 80n) - 1n));
    }
    const own = this.ofIdentifier(ip);
    if (!GLOBAL6.some((prefix) => contains(prefix, ip))) return own;
    if (SPECIAL6.some((prefix) => contains(prefix, ip))) return own;
    let result = own;
    // Of an identifier made of a card's address its own rule tells; a short one (::1, ::53) says nothing of anybody.
    const behind = isEui64(ip) ? 64 : KEPT6;
    for (let at = 3; at < behind; at++) {
      if (at >= 64 && (ip & ((1n << 64n) - 1n)) >> BigInt(128 - at) === 0n) continue;
      if (this.isFlipped(ip, at, 128)) result ^= 1n << BigInt(127 - at);
    }
    return result;
  }

  /** Cards' addresses inside: EUI-64 identifiers (RFC 4291, appendix A), and ff02::1:ffXX:XXXX of one that was seen. */
  private ofIdentifier(ip: bigint): bigint {
    const low = Number(ip & 0xffffffn);
    const isSolicited = ip >> 24n === 0xff0200000000000000000001ffn;
    const isOwn = isEui64(ip) && (ip >> 57n) % 2n === 1n;
    if (!isOwn && !(isSolicited && this.cards.has(low))) return ip;
    return (ip & ~0xffffffn) | BigInt(this.ofCard(low));
  }

  /** The last three bytes of a card of a known maker; addresses that software made up say nothing of the machine. */
  ofMac(mac: Mac): Mac {
    const head = Math.floor(mac / 2 ** 24);
    const low = mac % 2 ** 24;
    const isSolicited = head === 0x3333ff && this.cards.has(low);
    return isCard(mac) || isSolicited ? head * 2 ** 24 + this.ofCard(low) : mac;
  }

  /** A permutation of 24 bits: four rounds of a Feistel network. */
  private ofCard(low: number): number {
    let [left, right] = [low >> 12, low & 0xfff];
    for (let round = 0; round < 4; round++) {
      const mixed = Number(this.hash(`card ${round} ${right}`) & 0xfffn);
      [left, right] = [right, left ^ mixed];
    }
    return left * 4096 + right;
  }

  private isFlipped(ip: Ip, at: number, bits: number): boolean {
    const where = node(ip, at, bits);
    if (this.fixed.has(where)) return false;
    let flip = this.flips.get(where);
    if (flip === undefined) {
      flip = this.hash(where) % 2n === 1n;
      this.flips.set(where, flip);
    }
    return flip;
  }

  hash(text: string): bigint {
    return siphash(new TextEncoder().encode(text), this.key);
  }
}

function bit(ip: Ip, at: number, bits: number): number {
  return typeof ip === 'number' ? (ip >>> (bits - 1 - at)) & 1 : Number((ip >> BigInt(bits - 1 - at)) & 1n);
}

/** The first bits of an address: where in the tree the next one is decided. */
function node(ip: Ip, length: number, bits: number): string {
  return `${bits} ${length} ${(BigInt(ip) >> BigInt(bits - length)).toString(16)}`;
}

/** Given by the maker (IEEE 802: neither group nor locally administered), and none of those that stand for protocols. */
function isCard(mac: Mac): boolean {
  const first = Math.floor(mac / 2 ** 40);
  const head = Math.floor(mac / 2 ** 24);
  return (first & 3) === 0 && head !== 0 && head !== 0x00005e;
}

function isEui64(ip: bigint): boolean {
  return ((ip >> 24n) & 0xffffn) === 0xfffen;
}

function prefixes(text: string): Prefix[] {
  return text.split(' ').map((each) => parsePrefix(each) as Prefix);
}
