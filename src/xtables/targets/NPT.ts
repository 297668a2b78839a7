/** ip6t_snpt_tg(), ip6t_dnpt_tg(), net/ipv6/netfilter/ip6t_NPT.c: stateless prefix translation, RFC 6296. */

import { viewOf } from '../../base/bytes.ts';
import { lazily } from '../../base/memo.ts';
import { ICMPV6_LENGTH, isIcmpv6Error } from '../../header/icmpv6.ts';
import { IPV6_LENGTH, Ipv6 } from '../../header/ipv6.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Skb } from '../../skb/skb.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { u8 } from '../packet.ts';
import {
  type AddressMask,
  formatAddressMask,
  prefixLength,
  readAddress,
  readMask,
} from '../values/address.ts';

interface NptInfo {
  readonly source: AddressMask;
  readonly destination: AddressMask;
}

const MOST = 64;

/** The host part must be zero. */
const networkPrefix: Value<AddressMask> = {
  words: 1,
  expected: `an IPv6 network/length of at most ${MOST} bits, with no host bits set`,
  read([text = ''], { family }) {
    const [first = '', second, more] = text.split('/');
    const address = readAddress(first, family);
    const mask = second === undefined ? undefined : readMask(second, family);
    if (typeof address !== 'bigint' || typeof mask !== 'bigint' || more !== undefined) return undefined;
    const length = prefixLength(mask);
    return length === undefined || length > MOST || (address & mask) !== address
      ? undefined
      : { address, mask };
  },
};

function define(name: 'SNPT' | 'DNPT') {
  return defineTarget({
    name,
    support: DECIDED,
    families: [6],
    tables: ['mangle'],
    hooks: name === 'SNPT' ? ['INPUT', 'POSTROUTING'] : ['PREROUTING', 'OUTPUT'],
    options: {
      'src-pfx': { value: networkPrefix, required: true },
      'dst-pfx': { value: networkPrefix, required: true },
    },
    listing: () =>
      listing(new RegExp(name), [
        [/src-pfx (?<v>\S+)/, 'src-pfx'],
        [/dst-pfx (?<v>\S+)/, 'dst-pfx'],
      ]),
    build: (args): NptInfo => ({ source: args['src-pfx'].value, destination: args['dst-pfx'].value }),
    print: (info) => [
      `--src-pfx ${formatAddressMask(info.source)}`,
      `--dst-pfx ${formatAddressMask(info.destination)}`,
    ],
    apply(info, { skb }) {
      const [side, other] = SIDES[name];
      const header = new Ipv6(viewOf(skb.bytes), 0);
      const mapped = translate(header[side], info);
      // No checksum is touched: the address adds up to what it did, and so the packet does.
      header[side] = mapped.address;
      if (!mapped.whole) return { kind: 'drop', icmp: { type: 4, code: 0, rest: POINTER[side] } };
      const quoted = quotedHeader(skb);
      if (quoted && (quoted[other] & BigInt(info.source.mask)) === info.source.address) {
        quoted[other] = translate(quoted[other], info).address;
      }
      return { kind: 'continue' };
    },
  });
}

/** The address that is translated, and the one of a packet quoted in an ICMPv6 error. */
const SIDES = { SNPT: ['source', 'destination'], DNPT: ['destination', 'source'] } as const;
/** Where in the header the address is that could not be translated. */
const POINTER = { source: 8, destination: 24 } as const;

/** icmpv6_bounced_ipv6hdr(): only right behind the IPv6 header. */
function quotedHeader({ bytes }: Skb): Ipv6 | undefined {
  const at = IPV6_LENGTH + ICMPV6_LENGTH;
  if (u8(bytes, 6) !== PROTOCOL['ipv6-icmp'] || at + IPV6_LENGTH > bytes.length) return undefined;
  return isIcmpv6Error(u8(bytes, IPV6_LENGTH)) ? new Ipv6(viewOf(bytes), at) : undefined;
}

export const SNPT = lazily(() => define('SNPT'));
export const DNPT = lazily(() => define('DNPT'));

/**
 * The prefix is replaced and one 16-bit word outside it adjusted, such that the address adds up to the same as before: the
 * fourth word for prefixes of up to 48 bits, else the first word of the host part that is not all ones. Without such a word the
 * prefix alone is replaced, and the packet is refused.
 */
function translate(
  address: bigint,
  { source, destination }: NptInfo,
): { readonly address: bigint; readonly whole: boolean } {
  const length = Math.max(prefixLength(source.mask) ?? 0, prefixLength(destination.mask) ?? 0);
  const mask = ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
  const before = words(BigInt(source.address) & mask);
  const after = words(BigInt(destination.address) & mask);
  const adjustment = complementSum([...before, ...after.map((word) => ~word & 0xffff)]);
  const result = words((address & ~mask) | (BigInt(destination.address) & mask));
  const index = length > 48 ? result.findIndex((word, i) => i >= 4 && word !== 0xffff) : 3;
  if (index >= 0) {
    const sum = complementSum([result[index] ?? 0, adjustment]);
    result[index] = sum === 0xffff ? 0 : sum;
  }
  return { address: result.reduce((value, word) => (value << 16n) | BigInt(word), 0n), whole: index >= 0 };
}

function words(address: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
}

function complementSum(list: readonly number[]): number {
  let sum = list.reduce((total, word) => total + word, 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}
