/** ip6t_snpt_tg(), ip6t_dnpt_tg(), net/ipv6/netfilter/ip6t_NPT.c: stateless prefix translation, RFC 6296. */
import { setDestination, setSource } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { destinationOf, sourceOf } from '../packet.ts';
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
    build: (args): NptInfo => ({ source: args['src-pfx'].value, destination: args['dst-pfx'].value }),
    print: (info) => [
      `--src-pfx ${formatAddressMask(info.source)}`,
      `--dst-pfx ${formatAddressMask(info.destination)}`,
    ],
    apply(info, { skb }) {
      const address = BigInt(name === 'SNPT' ? sourceOf(skb) : destinationOf(skb));
      const mapped = translate(address, info);
      if (mapped === undefined) return { kind: 'drop' };
      if (name === 'SNPT') setSource(skb, mapped);
      else setDestination(skb, mapped);
      return { kind: 'continue' };
    },
  });
}

export const SNPT = define('SNPT');
export const DNPT = define('DNPT');

/**
 * The prefix is replaced and one 16-bit word outside it adjusted, such that the address adds up to the same as before: the
 * fourth word for prefixes of up to 48 bits, else the first word of the host part that is not all ones.
 */
function translate(address: bigint, { source, destination }: NptInfo): bigint | undefined {
  const length = Math.max(prefixLength(source.mask) ?? 0, prefixLength(destination.mask) ?? 0);
  const mask = ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
  const before = words(BigInt(source.address) & mask);
  const after = words(BigInt(destination.address) & mask);
  const adjustment = complementSum([...before, ...after.map((word) => ~word & 0xffff)]);
  const result = words((address & ~mask) | (BigInt(destination.address) & mask));
  let index = 3;
  if (length > 48) {
    index = result.findIndex((word, i) => i >= 4 && word !== 0xffff);
    if (index < 0) return undefined;
  }
  const sum = complementSum([result[index] ?? 0, adjustment]);
  result[index] = sum === 0xffff ? 0 : sum;
  return result.reduce((value, word) => (value << 16n) | BigInt(word), 0n);
}

function words(address: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
}

function complementSum(list: readonly number[]): number {
  let sum = list.reduce((total, word) => total + word, 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}
