/** connbytes_mt(), net/netfilter/xt_connbytes.c: what a connection has carried, the packet at hand included. */
import { lazily } from '../../base/memo.ts';
import type { Nfct } from '../../skb/nfct.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { readBigNumber } from '../values/number.ts';
import { oneOf } from '../values/text.ts';

const MAX_U64 = 2n ** 64n - 1n;

interface BigRange {
  readonly min: bigint;
  readonly max: bigint;
}

interface ConnbytesInfo extends BigRange {
  readonly invert: boolean;
  readonly mode: 'packets' | 'bytes' | 'avgpkt';
  readonly direction: 'original' | 'reply' | 'both';
}

const bigRange: Value<BigRange> = {
  words: 1,
  expected: 'a number, low:high, low: or :high',
  read([text = '']) {
    const [low = '', high = '', more] = text.split(':');
    const min = low === '' ? 0n : readBigNumber(low, MAX_U64);
    const max = high === '' ? MAX_U64 : readBigNumber(high, MAX_U64);
    return min === undefined || max === undefined || min > max || more !== undefined || text === ''
      ? undefined
      : { min, max };
  },
};

export const connbytes = lazily(() =>
  defineMatch({
    name: 'connbytes',
    support: DECIDED,
    conntrack: true,
    options: {
      connbytes: { value: bigRange, invert: true, required: true },
      'connbytes-mode': {
        value: oneOf({ packets: 'packets', bytes: 'bytes', avgpkt: 'avgpkt' } as const),
        required: true,
      },
      'connbytes-dir': {
        value: oneOf({ original: 'original', reply: 'reply', both: 'both' } as const),
        required: true,
      },
    },
    listing: () =>
      listing([
        /(?<n>! ?)?connbytes (?<v>\S+) connbytes mode (?<mode>\S+) connbytes direction (?<direction>\S+)/,
        ({ n, v, mode, direction }) => [
          listedOption('connbytes', v, n !== undefined),
          listedOption('connbytes-mode', mode),
          listedOption('connbytes-dir', direction),
        ],
      ]),
    build: (args): ConnbytesInfo => ({
      invert: args.connbytes.invert,
      ...args.connbytes.value,
      mode: args['connbytes-mode'].value,
      direction: args['connbytes-dir'].value,
    }),
    print: (info) => [
      option('connbytes', info.invert, info.max === MAX_U64 ? info.min : `${info.min}:${info.max}`),
      `--connbytes-mode ${info.mode}`,
      `--connbytes-dir ${info.direction}`,
    ],
    match(info, { skb }) {
      const entry = skb.conntrack?.entry;
      if (!entry) return false;
      const amount = BigInt(amountOf(entry, info));
      return (amount >= info.min && amount <= info.max) !== info.invert;
    },
  }),
);

function amountOf(entry: Nfct, { mode, direction }: ConnbytesInfo): number {
  const sum = (each: { readonly original: number; readonly reply: number }): number =>
    direction === 'both' ? each.original + each.reply : each[direction];
  const [packets, bytes] = [sum(entry.packets), sum(entry.bytes)];
  if (mode === 'avgpkt') return packets === 0 ? 0 : Math.floor(bytes / packets);
  return mode === 'packets' ? packets : bytes;
}
