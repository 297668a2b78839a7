/** rt_mt6(), net/ipv6/netfilter/ip6t_rt.c: the routing header, RFC 8200 section 4.4. */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { parseIpv6 } from '../../net/ip.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, refuse, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { u8, u32 } from '../packet.ts';
import { formatAddress } from '../values/address.ts';
import { flag, formatRange, number, type Range, range } from '../values/number.ts';
import { inRange } from '../values/port.ts';
import { extensionHeader, wholeHeader } from './exthdr.ts';

const ROUTING = 43;
const MAX_U32 = 0xffffffff;
const MOST_ADDRESSES = 16;

interface RtInfo {
  readonly type?: { readonly invert: boolean; readonly value: number };
  readonly segments?: Range & { readonly invert: boolean };
  readonly length?: { readonly invert: boolean; readonly value: number };
  readonly reserved: boolean;
  readonly addresses: readonly bigint[];
  readonly strict: boolean;
}

const addresses: Value<readonly bigint[]> = {
  words: 1,
  expected: `up to ${MOST_ADDRESSES} IPv6 addresses, separated by commas`,
  read([text = '']) {
    const list = text.split(',').map(parseIpv6);
    const found = list.filter((each) => each !== undefined);
    return found.length === list.length && found.length <= MOST_ADDRESSES ? found : undefined;
  },
};

export const rt = lazily(() =>
  defineMatch({
    name: 'rt',
    support: DECIDED,
    families: [6],
    options: {
      'rt-type': { value: number(MAX_U32), invert: true },
      'rt-segsleft': { value: range(MAX_U32), invert: true },
      'rt-len': { value: number(MAX_U32), invert: true },
      'rt-0-res': { value: flag },
      'rt-0-addrs': { value: addresses },
      'rt-0-not-strict': { value: flag, needs: ['rt-0-addrs'] },
    },
    listing: () =>
      listing(/rt/, [
        [/type:(?<n>!)?(?<v>\d+)/, 'rt-type'],
        [/segslefts?:(?<n>!)?(?<v>\S+)/, 'rt-segsleft'],
        [/length:(?<n>!)?(?<v>\d+)/, 'rt-len'],
        [/reserved/, 'rt-0-res'],
        [/0-addrs (?<v>\S+)/, 'rt-0-addrs'],
        [/0-not-strict/, 'rt-0-not-strict'],
      ]),
    build(args) {
      const [type, segments, length] = [args['rt-type'], args['rt-segsleft'], args['rt-len']];
      const zero = args['rt-0-res'] ?? args['rt-0-addrs'];
      if (zero && !(type?.value === 0 && !type.invert)) {
        return refuse('--rt-0-res, --rt-0-addrs and --rt-0-not-strict need --rt-type 0');
      }
      const all = segments && !segments.invert && segments.value.min === 0 && segments.value.max === MAX_U32;
      const info: RtInfo = {
        ...(type ? { type: { invert: type.invert, value: type.value } } : {}),
        ...(segments && !all ? { segments: { invert: segments.invert, ...segments.value } } : {}),
        ...(length ? { length: { invert: length.invert, value: length.value } } : {}),
        reserved: args['rt-0-res'] !== undefined,
        addresses: args['rt-0-addrs']?.value ?? [],
        strict: args['rt-0-not-strict'] === undefined,
      };
      return info;
    },
    print: (info: RtInfo) => [
      ...(info.type ? [option('rt-type', info.type.invert, info.type.value)] : []),
      ...(info.segments ? [option('rt-segsleft', info.segments.invert, formatRange(info.segments))] : []),
      ...(info.length ? [option('rt-len', info.length.invert, info.length.value)] : []),
      ...(info.reserved ? ['--rt-0-res'] : []),
      ...(info.addresses.length > 0 ? [`--rt-0-addrs ${info.addresses.map(formatAddress).join(',')}`] : []),
      ...(info.strict ? [] : ['--rt-0-not-strict']),
    ],
    match: matchRt,
  }),
);

function matchRt(info: RtInfo, ctx: MatchContext): Ternary {
  const found = extensionHeader(ctx, ROUTING, 4);
  if (typeof found !== 'number') return found;
  const { bytes } = ctx.skb;
  const length = (u8(bytes, found + 1) + 1) * 8;
  const offset = wholeHeader(ctx, found, length);
  if (typeof offset !== 'number') return offset;
  const { type, segments } = info;
  if (segments && inRange(u8(bytes, offset + 3), segments) === segments.invert) return false;
  if (info.length && (length === info.length.value) === info.length.invert) return false;
  if (type && (u8(bytes, offset + 2) === type.value) === type.invert) return false;
  if (info.reserved && u32(bytes, offset + 4) !== 0) return false;
  if (info.addresses.length === 0) return true;
  const listed: bigint[] = [];
  for (let at = offset + 8; at + 16 <= offset + length; at += 16) {
    listed.push(
      (BigInt(u32(bytes, at)) << 96n) |
        (BigInt(u32(bytes, at + 4)) << 64n) |
        (BigInt(u32(bytes, at + 8)) << 32n) |
        BigInt(u32(bytes, at + 12)),
    );
  }
  return info.strict ? sameList(info.addresses, listed) : inOrder(info.addresses, listed);
}

function sameList(wanted: readonly Ip[], found: readonly Ip[]): boolean {
  return wanted.length === found.length && wanted.every((each, i) => each === found[i]);
}

/** All of them, in that order, others between. */
function inOrder(wanted: readonly Ip[], found: readonly Ip[]): boolean {
  let next = 0;
  for (const each of found) if (each === wanted[next]) next++;
  return next === wanted.length;
}
