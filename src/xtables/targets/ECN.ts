/** ecn_tg(), net/ipv4/netfilter/ipt_ECN.c */
import { lazily } from '../../base/memo.ts';
import { setTcpWord, setTos } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { blindHeader, tosOf, u16 } from '../packet.ts';
import { flag, number } from '../values/number.ts';

interface EcnInfo {
  readonly remove: boolean;
  readonly cwr?: number;
  readonly ece?: number;
  readonly ect?: number;
}

const bit = { value: number(1) } as const;
/** Word of the TCP header with the flags. */
const FLAGS = 12;
const TCP = 6;
const ECE = 0x40;
const CWR = 0x80;

export const ECN = lazily(() =>
  defineTarget({
    name: 'ECN',
    support: DECIDED,
    families: [4],
    tables: ['mangle'],
    options: {
      'ecn-tcp-remove': { value: flag, excludes: ['ecn-tcp-cwr', 'ecn-tcp-ece'] },
      'ecn-tcp-cwr': bit,
      'ecn-tcp-ece': bit,
      'ecn-ip-ect': { value: number(3) },
    },
    oneOf: [['ecn-tcp-remove', 'ecn-tcp-cwr', 'ecn-tcp-ece', 'ecn-ip-ect']],
    listing: () =>
      listing(/ECN/, [
        [/TCP remove/, 'ecn-tcp-remove'],
        [/ECE=(?<v>\d)/, 'ecn-tcp-ece'],
        [/CWR=(?<v>\d)/, 'ecn-tcp-cwr'],
        [/ECT codepoint=(?<v>\d)/, 'ecn-ip-ect'],
      ]),
    build(args): EcnInfo {
      const [cwr, ece, ect] = [args['ecn-tcp-cwr'], args['ecn-tcp-ece'], args['ecn-ip-ect']];
      return {
        remove: args['ecn-tcp-remove'] !== undefined,
        ...(cwr ? { cwr: cwr.value } : {}),
        ...(ece ? { ece: ece.value } : {}),
        ...(ect ? { ect: ect.value } : {}),
      };
    },
    print: (info) => [
      ...(info.remove ? ['--ecn-tcp-remove'] : []),
      ...(info.ece === undefined ? [] : [`--ecn-tcp-ece ${info.ece}`]),
      ...(info.cwr === undefined ? [] : [`--ecn-tcp-cwr ${info.cwr}`]),
      ...(info.ect === undefined ? [] : [`--ecn-ip-ect ${info.ect}`]),
    ],
    check: (info: EcnInfo, { protocol }) =>
      (info.remove || info.cwr !== undefined || info.ece !== undefined) &&
      !(protocol?.protocol === 6 && !protocol.invert)
        ? 'changing TCP flags needs -p tcp'
        : undefined,
    apply(info, ctx) {
      const { skb } = ctx;
      if (info.ect !== undefined) setTos(skb, (tosOf(skb) & ~3) | info.ect);
      const cwr = info.remove ? 0 : info.cwr;
      const ece = info.remove ? 0 : info.ece;
      if ((cwr === undefined && ece === undefined) || skb.protocol !== TCP) return { kind: 'continue' };
      // set_ect_tcp() takes no notice of fragments: in a later one it changes what lies where the header would be.
      const at = blindHeader(ctx, 20);
      if (at === 'short') return { kind: 'drop' };
      if (typeof at !== 'number') return { kind: 'continue' };
      let flags = u16(skb.bytes, at + FLAGS);
      if (cwr !== undefined) flags = cwr ? flags | CWR : flags & ~CWR;
      if (ece !== undefined) flags = ece ? flags | ECE : flags & ~ECE;
      setTcpWord(skb, at, FLAGS, flags);
      return { kind: 'continue' };
    },
  }),
);
