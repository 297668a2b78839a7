/** mac_mt(), net/netfilter/xt_mac.c: the Ethernet source as the frame came in. */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { formatMac, type Mac, parseMac } from '../../net/mac.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';

export interface MacInfo {
  readonly invert: boolean;
  readonly mac: Mac;
}

const macAddress: Value<Mac> = {
  words: 1,
  expected: 'a MAC address such as 00:16:3e:01:02:03',
  read: ([text = '']) => (text.includes('-') ? undefined : parseMac(text)),
};

export const mac = lazily(() =>
  defineMatch({
    name: 'mac',
    support: DECIDED,
    hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
    options: { 'mac-source': { value: macAddress, invert: true, required: true } },
    listing: () => listing([/MAC (?<n>! ?)?(?<v>[0-9A-Fa-f:]{17})/, 'mac-source']),
    build: (args): MacInfo => ({ invert: args['mac-source'].invert, mac: args['mac-source'].value }),
    print: (info) => [option('mac-source', info.invert, formatMac(info.mac))],
    match(info, { skb }) {
      if (skb.local || skb.in === undefined || skb.in === 'lo') return false;
      if (skb.etherSource === undefined) {
        return unknown('the source MAC address (the capture has no Ethernet header for this packet)');
      }
      return (skb.etherSource === info.mac) !== info.invert;
    },
  }),
);
