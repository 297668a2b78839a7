/** pkttype_mt(), net/netfilter/xt_pkttype.c */
import { lazily } from '../../base/memo.ts';
import type { Skb } from '../../skb/skb.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { destinationOf } from '../packet.ts';
import { oneOf } from '../values/text.ts';

const TYPES = {
  unicast: 'unicast',
  broadcast: 'broadcast',
  multicast: 'multicast',
  otherhost: 'otherhost',
  outgoing: 'outgoing',
  loopback: 'loopback',
  host: 'unicast',
  bcast: 'broadcast',
  mcast: 'multicast',
} as const;

export interface PkttypeInfo {
  readonly invert: boolean;
  readonly type: (typeof TYPES)[keyof typeof TYPES];
}

export const pkttype = lazily(() =>
  defineMatch({
    name: 'pkttype',
    support: DECIDED,
    options: { 'pkt-type': { value: oneOf(TYPES), invert: true, required: true } },
    listing: () => listing([/PKTTYPE (?<n>!)?= (?<v>\S+)/, 'pkt-type']),
    build: (args): PkttypeInfo => ({ invert: args['pkt-type'].invert, type: args['pkt-type'].value }),
    print: (info) => [option('pkt-type', info.invert, info.type)],
    match: (info, { skb }) => (typeOf(skb) === info.type) !== info.invert,
  }),
);

/** What a process sends is "for this host" until the device takes it, also when it goes to a group. */
function typeOf(skb: Skb): PkttypeInfo['type'] {
  switch (skb.packetType) {
    case 'loopback': {
      const destination = destinationOf(skb);
      return typeof destination === 'bigint' || destination >>> 28 === 0xe ? 'multicast' : 'broadcast';
    }
    case 'host':
    case 'outgoing':
      return 'unicast';
    default:
      return skb.packetType;
  }
}
