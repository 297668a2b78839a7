/** eui64_mt6(), net/ipv6/netfilter/ip6t_eui64.c: is the source's interface part made of the source MAC (RFC 4291 appendix A)? */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { DECIDED, defineMatch } from '../extension.ts';
import { listing } from '../listing.ts';
import { sourceOf } from '../packet.ts';

export const eui64 = lazily(() =>
  defineMatch({
    name: 'eui64',
    support: DECIDED,
    families: [6],
    hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
    options: {},
    listing: () => listing(/eui64/),
    build: () => ({}),
    print: () => [],
    match(_, { skb }) {
      if (skb.fragmentOffset > 0) return false;
      if (skb.etherSource === undefined) {
        return unknown('the source MAC address (the capture has no Ethernet header for this packet)');
      }
      const mac = BigInt(skb.etherSource) ^ (2n << 40n);
      const expected = ((mac >> 24n) << 40n) | (0xfffen << 24n) | (mac & 0xffffffn);
      return (BigInt(sourceOf(skb)) & 0xffffffffffffffffn) === expected;
    },
  }),
);
