/** rpfilter_mt(), net/ipv4/netfilter/ipt_rpfilter.c and net/ipv6/netfilter/ip6t_rpfilter.c */
import { lazily } from '../../base/memo.ts';
import { not } from '../../base/ternary.ts';
import { decidedWith, defineMatch } from '../extension.ts';
import { listing } from '../listing.ts';
import { destinationOf, sourceOf } from '../packet.ts';
import { flag } from '../values/number.ts';

interface RpfilterInfo {
  readonly loose: boolean;
  readonly validMark: boolean;
  readonly acceptLocal: boolean;
  readonly invert: boolean;
}

const BROADCAST = 0xffffffff;
/** 224.0.0.0/24 */
const LOCAL_GROUPS = 0xe00000;

export const rpfilter = lazily(() =>
  defineMatch({
    name: 'rpfilter',
    support: decidedWith('ip route show table all, ip rule'),
    tables: ['raw', 'mangle'],
    hooks: ['PREROUTING'],
    options: {
      loose: { value: flag },
      validmark: { value: flag },
      'accept-local': { value: flag },
      invert: { value: flag },
    },
    listing: () =>
      listing(/rpfilter/, [
        [/loose/, 'loose'],
        [/validmark/, 'validmark'],
        [/accept-local/, 'accept-local'],
        [/invert/, 'invert'],
      ]),
    build: (args): RpfilterInfo => ({
      loose: args.loose !== undefined,
      validMark: args.validmark !== undefined,
      acceptLocal: args['accept-local'] !== undefined,
      invert: args.invert !== undefined,
    }),
    print: (info) => [
      ...(info.loose ? ['--loose'] : []),
      ...(info.validMark ? ['--validmark'] : []),
      ...(info.acceptLocal ? ['--accept-local'] : []),
      ...(info.invert ? ['--invert'] : []),
    ],
    match(info, { skb, namespace }) {
      if (skb.in === 'lo' || skb.packetType === 'loopback') return !info.invert;
      const [source, destination] = [sourceOf(skb), destinationOf(skb)];
      // What a host sends to its link before it has an address has no way back to ask for.
      if (source === 0 && (destination === BROADCAST || Number(destination) >>> 8 === LOCAL_GROUPS))
        return !info.invert;
      if (source === 0n) return !info.invert;
      const passes = namespace.reversePath(skb, info);
      return info.invert ? not(passes) : passes;
    },
  }),
);
