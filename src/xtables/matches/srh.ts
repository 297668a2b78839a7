/** srh1_mt6(), net/ipv6/netfilter/ip6t_srh.c: the segment routing header, RFC 8754. */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { type Arg, DECIDED, defineMatch, option } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { headerAt, u8, u32 } from '../packet.ts';
import { type AddressMask, formatAddressMask, hostMask, hostMaskMatches } from '../values/address.ts';
import { number } from '../values/number.ts';
import { extensionHeader, wholeHeader } from './exthdr.ts';

const ROUTING = 43;
const SRH = 4;
const TAG = 6;

/** Each number test, where its field lies, and how it compares. */
const FIELDS = [
  { name: 'srh-next-hdr', offset: 0, compare: 'eq' },
  { name: 'srh-hdr-len-eq', offset: 1, compare: 'eq' },
  { name: 'srh-hdr-len-gt', offset: 1, compare: 'gt' },
  { name: 'srh-hdr-len-lt', offset: 1, compare: 'lt' },
  { name: 'srh-segs-left-eq', offset: 3, compare: 'eq' },
  { name: 'srh-segs-left-gt', offset: 3, compare: 'gt' },
  { name: 'srh-segs-left-lt', offset: 3, compare: 'lt' },
  { name: 'srh-last-entry-eq', offset: 4, compare: 'eq' },
  { name: 'srh-last-entry-gt', offset: 4, compare: 'gt' },
  { name: 'srh-last-entry-lt', offset: 4, compare: 'lt' },
  { name: 'srh-tag', offset: TAG, compare: 'eq' },
] as const;
const SEGMENTS = ['srh-psid', 'srh-nsid', 'srh-lsid'] as const;

interface Test<T> {
  readonly name: string;
  readonly invert: boolean;
  readonly value: T;
}

interface SrhInfo {
  readonly numbers: readonly Test<number>[];
  readonly segments: readonly Test<AddressMask>[];
}

const byte = { value: number(255), invert: true } as const;
const address = { value: hostMask, invert: true } as const;

export const srh = lazily(() =>
  defineMatch({
    name: 'srh',
    support: DECIDED,
    families: [6],
    options: {
      'srh-next-hdr': byte,
      'srh-hdr-len-eq': byte,
      'srh-hdr-len-gt': byte,
      'srh-hdr-len-lt': byte,
      'srh-segs-left-eq': byte,
      'srh-segs-left-gt': byte,
      'srh-segs-left-lt': byte,
      'srh-last-entry-eq': byte,
      'srh-last-entry-gt': byte,
      'srh-last-entry-lt': byte,
      'srh-tag': { value: number(65535), invert: true },
      'srh-psid': address,
      'srh-nsid': address,
      'srh-lsid': address,
    },
    listing: () =>
      listing(
        /srh/,
        [
          [
            /(?<n>!)?(?<what>[a-z][a-z-]+):(?<v>\d+)/,
            ({ n, what, v }) => [listedOption(`srh-${what}`, v, n !== undefined)],
          ],
          [
            /(?<what>[a-z][a-z-]+):(?<n>!)?(?<v>\d+)/,
            ({ n, what, v }) => [listedOption(`srh-${what}`, v, n !== undefined)],
          ],
          [
            /(?<what>psid|nsid|lsid) (?<n>!)?(?<v>\S+)/,
            ({ n, what, v }) => [listedOption(`srh-${what}`, v, n !== undefined)],
          ],
        ],
        { repeated: true },
      ),
    build(args): SrhInfo {
      const tests = <T>(name: string, arg: Arg<T> | undefined): Test<T>[] =>
        arg ? [{ name, invert: arg.invert, value: arg.value }] : [];
      return {
        numbers: FIELDS.flatMap(({ name }) => tests(name, args[name])),
        segments: SEGMENTS.flatMap((name) => tests(name, args[name])),
      };
    },
    print: (info) => [
      ...info.numbers.map((test) => option(test.name, test.invert, test.value)),
      ...info.segments.map((test) => option(test.name, test.invert, formatAddressMask(test.value))),
    ],
    match: matchSrh,
  }),
);

function matchSrh(info: SrhInfo, ctx: MatchContext): Ternary {
  const found = extensionHeader(ctx, ROUTING, 8, true);
  if (typeof found !== 'number') return found;
  const { bytes } = ctx.skb;
  const length = (u8(bytes, found + 1) + 1) * 8;
  const offset = wholeHeader(ctx, found, length, true);
  if (typeof offset !== 'number') return offset;
  const [left, last] = [u8(bytes, offset + 3), u8(bytes, offset + 4)];
  if (u8(bytes, offset + 2) !== SRH || left > last) return false;
  for (const test of info.numbers) {
    const field = FIELDS.find((each) => each.name === test.name);
    if (!field) continue;
    const actual = field.offset === TAG ? swappedTag(bytes, offset) : u8(bytes, offset + field.offset);
    const { compare } = field;
    const holds =
      compare === 'eq' ? actual === test.value : compare === 'gt' ? actual > test.value : actual < test.value;
    if (holds === test.invert) return false;
  }
  for (const test of info.segments) {
    // The previous segment has the next higher index; the list is kept in reverse.
    const index = test.name === 'srh-lsid' ? 0 : test.name === 'srh-psid' ? left + 1 : left - 1;
    if (index < 0 || index > last) return false;
    const at = headerAt(ctx.skb, offset + 8 + 16 * index, 16);
    if (at === 'short') return false;
    if (typeof at !== 'number') return at;
    const words = [0, 4, 8, 12].map((i) => BigInt(u32(bytes, at + i)));
    const ip = words.reduce((value, word) => (value << 32n) | word, 0n);
    if (hostMaskMatches(ip, test.value) === test.invert) return false;
  }
  return true;
}

/** The kernel compares the field as it lies in memory with a number of the host's: on little-endian hosts the bytes are exchanged. */
function swappedTag(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset + TAG) + u8(bytes, offset + TAG + 1) * 256;
}
