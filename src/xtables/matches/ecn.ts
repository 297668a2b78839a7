/** ecn_mt4(), ecn_mt6(), net/netfilter/xt_ecn.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { blindHeader, tosOf, u8, unsaidHeader, upperLayer } from '../packet.ts';
import { flag, number } from '../values/number.ts';

export interface EcnInfo {
  readonly ece?: { readonly invert: boolean };
  readonly cwr?: { readonly invert: boolean };
  readonly ect?: { readonly invert: boolean; readonly value: number };
}

const ECE = 0x40;
const CWR = 0x80;
const TCP = 6;

export const ecn = lazily(() =>
  defineMatch({
    name: 'ecn',
    support: DECIDED,
    options: {
      'ecn-tcp-ece': { value: flag, invert: true },
      'ecn-tcp-cwr': { value: flag, invert: true },
      'ecn-ip-ect': { value: number(3), invert: true },
    },
    oneOf: [['ecn-tcp-ece', 'ecn-tcp-cwr', 'ecn-ip-ect']],
    listing: () =>
      listing(/ECN match/, [
        [/(?<n>!)?ECE/, 'ecn-tcp-ece'],
        [/(?<n>!)?CWR/, 'ecn-tcp-cwr'],
        [/(?<n>!)?ECT=(?<v>\d)/, 'ecn-ip-ect'],
      ]),
    build(args): EcnInfo {
      const [ece, cwr, ect] = [args['ecn-tcp-ece'], args['ecn-tcp-cwr'], args['ecn-ip-ect']];
      return {
        ...(ece ? { ece: { invert: ece.invert } } : {}),
        ...(cwr ? { cwr: { invert: cwr.invert } } : {}),
        ...(ect ? { ect: { invert: ect.invert, value: ect.value } } : {}),
      };
    },
    print: ({ ece, cwr, ect }) => [
      ...(ece ? [option('ecn-tcp-ece', ece.invert)] : []),
      ...(cwr ? [option('ecn-tcp-cwr', cwr.invert)] : []),
      ...(ect ? [option('ecn-ip-ect', ect.invert, ect.value)] : []),
    ],
    check: ({ ece, cwr }: EcnInfo, { protocol }) =>
      (ece || cwr) && !(protocol?.protocol === TCP && !protocol.invert)
        ? '--ecn-tcp-ece and --ecn-tcp-cwr need -p tcp'
        : undefined,
    match({ ece, cwr, ect }, ctx) {
      const unsaid = ect && unsaidHeader(ctx.skb);
      if (unsaid) return unsaid;
      if (ect && ((tosOf(ctx.skb) & 3) === ect.value) === ect.invert) return false;
      if ((!ece && !cwr) || upperLayer(ctx).protocol !== TCP) return true;
      const at = blindHeader(ctx, 20);
      if (typeof at !== 'number') return at === 'short' ? false : at;
      const flags = u8(ctx.skb.bytes, at + 13);
      if (ece && ((flags & ECE) !== 0) === ece.invert) return false;
      return !(cwr && ((flags & CWR) !== 0) === cwr.invert);
    },
  }),
);
