/** netmap_tg4(), netmap_tg6(), net/netfilter/xt_NETMAP.c: the network part is replaced, the host part kept. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { type AddressMask, formatAddressMask, prefixLength, readAddressMask } from '../values/address.ts';

const network: Value<AddressMask> = {
  words: 1,
  expected: 'an address, or network/length',
  read([text = ''], { family }) {
    const read = readAddressMask(text, family);
    return read && prefixLength(read.mask) !== undefined ? read : undefined;
  },
};

export const NETMAP = lazily(() =>
  defineTarget({
    name: 'NETMAP',
    support: DECIDED,
    tables: ['nat'],
    conntrack: true,
    options: { to: { value: network, required: true } },
    listing: () => listing([/(?:to:)?(?<v>[\da-f.:]+(?:\/\S+)?)/, 'to']),
    build: ({ to }): AddressMask => to.value,
    print: (info) => [`--to ${formatAddressMask(info)}`],
    apply: (info, { hook }) => ({
      kind: 'nat',
      nat: {
        manip: hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dst' : 'src',
        address: { kind: 'netmap', address: info.address, mask: info.mask },
        random: false,
        persistent: false,
      },
    }),
  }),
);
