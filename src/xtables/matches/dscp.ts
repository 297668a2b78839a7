/** dscp_mt(), net/netfilter/xt_dscp.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option, refuse } from '../extension.ts';
import { listing } from '../listing.ts';
import { tosOf, unsaidHeader } from '../packet.ts';
import { dscpClass, dscpNumber } from '../values/dscp.ts';
import { hex } from '../values/number.ts';

export interface DscpInfo {
  readonly invert: boolean;
  readonly dscp: number;
}

export const dscp = lazily(() =>
  defineMatch({
    name: 'dscp',
    support: DECIDED,
    options: {
      dscp: { value: dscpNumber, invert: true, excludes: ['dscp-class'] },
      'dscp-class': { value: dscpClass, invert: true, excludes: ['dscp'] },
    },
    oneOf: [['dscp', 'dscp-class']],
    listing: () => listing([/DSCP match (?<n>! ?)?(?<v>\S+)/, 'dscp']),
    build(args) {
      const arg = args.dscp ?? args['dscp-class'];
      return arg
        ? ({ invert: arg.invert, dscp: arg.value } satisfies DscpInfo)
        : refuse('a value is missing');
    },
    print: (info: DscpInfo) => [option('dscp', info.invert, hex(info.dscp, 2))],
    match: (info: DscpInfo, { skb }) => unsaidHeader(skb) ?? (tosOf(skb) >> 2 === info.dscp) !== info.invert,
  }),
);
