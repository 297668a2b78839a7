/** addrtype_mt_v1(), net/netfilter/xt_addrtype.c */
import { lazily } from '../../base/memo.ts';
import { not, type Ternary } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import type { MatchContext } from '../context.ts';
import { decidedWith, defineMatch, option, type RulePlace } from '../extension.ts';
import { listing } from '../listing.ts';
import { destinationOf, sourceOf } from '../packet.ts';
import { flag } from '../values/number.ts';
import { setOf } from '../values/text.ts';

const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const;

interface TypeTest {
  readonly invert: boolean;
  readonly types: readonly (typeof TYPES)[number][];
}

export interface AddrtypeInfo {
  readonly source?: TypeTest;
  readonly destination?: TypeTest;
  readonly limit?: 'in' | 'out';
}

const types = setOf(TYPES, { abbreviated: true });

export const addrtype = lazily(() =>
  defineMatch({
    name: 'addrtype',
    support: decidedWith('ip addr, ip route show table all'),
    options: {
      'src-type': { value: types, invert: true },
      'dst-type': { value: types, invert: true },
      'limit-iface-in': { value: flag, excludes: ['limit-iface-out'] },
      'limit-iface-out': { value: flag, excludes: ['limit-iface-in'] },
    },
    oneOf: [['src-type', 'dst-type']],
    listing: () =>
      listing(/ADDRTYPE match/, [
        [/src-type (?<n>!)?(?<v>\S+)/, 'src-type'],
        [/dst-type (?<n>!)?(?<v>\S+)/, 'dst-type'],
        [/limit-in/, 'limit-iface-in'],
        [/limit-out/, 'limit-iface-out'],
      ]),
    build(args): AddrtypeInfo {
      const [source, destination] = [args['src-type'], args['dst-type']];
      return {
        ...(source ? { source: { invert: source.invert, types: source.value } } : {}),
        ...(destination ? { destination: { invert: destination.invert, types: destination.value } } : {}),
        ...(args['limit-iface-in'] ? { limit: 'in' } : args['limit-iface-out'] ? { limit: 'out' } : {}),
      };
    },
    print: (info) => [
      ...(info.source ? [option('src-type', info.source.invert, info.source.types.join(','))] : []),
      ...(info.destination
        ? [option('dst-type', info.destination.invert, info.destination.types.join(','))]
        : []),
      ...(info.limit ? [`--limit-iface-${info.limit}`] : []),
    ],
    check(info: AddrtypeInfo, { hook }: RulePlace) {
      if (info.limit === 'out' && (hook === 'PREROUTING' || hook === 'INPUT')) {
        return `--limit-iface-out can't be used in ${hook}: there is no output interface`;
      }
      if (info.limit === 'in' && (hook === 'POSTROUTING' || hook === 'OUTPUT')) {
        return `--limit-iface-in can't be used in ${hook}: there is no input interface`;
      }
      return undefined;
    },
    match(info, ctx) {
      const dev = info.limit === 'in' ? ctx.skb.in : info.limit === 'out' ? ctx.skb.out : undefined;
      const source = info.source ? typeHolds(info.source, sourceOf(ctx.skb), dev, ctx) : true;
      if (source === false || !info.destination) return source;
      const destination = typeHolds(info.destination, destinationOf(ctx.skb), dev, ctx);
      return destination === true ? source : destination;
    },
  }),
);

function typeHolds(test: TypeTest, ip: Ip, dev: string | undefined, ctx: MatchContext): Ternary {
  const has = ctx.namespace.hasAddressType(ip, test.types, dev);
  return test.invert ? not(has) : has;
}
