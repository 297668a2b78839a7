/** iprange_mt4(), iprange_mt6(), net/netfilter/xt_iprange.c */
import { lazily } from '../../base/memo.ts';
import type { Ip } from '../../net/ip.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { destinationOf, sourceOf } from '../packet.ts';
import { formatAddress, readAddress } from '../values/address.ts';

interface IpRange {
  readonly min: Ip;
  readonly max: Ip;
}

interface RangeTest extends IpRange {
  readonly invert: boolean;
}

export interface IprangeInfo {
  readonly source?: RangeTest;
  readonly destination?: RangeTest;
}

/** A reversed range is taken, and never matches. */
const addressRange: Value<IpRange> = {
  words: 1,
  expected: 'an address, or a range address-address',
  read([text = ''], { family }) {
    const [low = '', high = low, more] = text.split('-');
    const min = readAddress(low, family);
    const max = readAddress(high, family);
    return min === undefined || max === undefined || more !== undefined ? undefined : { min, max };
  },
};

export const iprange = lazily(() =>
  defineMatch({
    name: 'iprange',
    support: DECIDED,
    options: {
      'src-range': { value: addressRange, invert: true },
      'dst-range': { value: addressRange, invert: true },
    },
    oneOf: [['src-range', 'dst-range']],
    listing: () =>
      listedParts([
        [/source IP range (?<n>! ?)?(?<v>\S+)/, 'src-range'],
        [/destination IP range (?<n>! ?)?(?<v>\S+)/, 'dst-range'],
      ]),
    build(args): IprangeInfo {
      const [source, destination] = [args['src-range'], args['dst-range']];
      return {
        ...(source ? { source: { invert: source.invert, ...source.value } } : {}),
        ...(destination ? { destination: { invert: destination.invert, ...destination.value } } : {}),
      };
    },
    print: (info) => [...print('src-range', info.source), ...print('dst-range', info.destination)],
    match: (info, { skb }) =>
      holds(info.source, sourceOf(skb)) && holds(info.destination, destinationOf(skb)),
  }),
);

function print(name: string, test: RangeTest | undefined): string[] {
  return test ? [option(name, test.invert, `${formatAddress(test.min)}-${formatAddress(test.max)}`)] : [];
}

function holds(test: RangeTest | undefined, ip: Ip): boolean {
  return test === undefined || (ip >= test.min && ip <= test.max) !== test.invert;
}
