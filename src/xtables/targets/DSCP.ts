/** dscp_tg(), net/netfilter/xt_DSCP.c: the two ECN bits stay. */
import { lazily } from '../../base/memo.ts';
import { setTos } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget, refuse } from '../extension.ts';
import { listing } from '../listing.ts';
import { tosOf } from '../packet.ts';
import { dscpClass, dscpNumber } from '../values/dscp.ts';
import { hex } from '../values/number.ts';

export interface DscpInfo {
  readonly dscp: number;
}

export const DSCP = lazily(() =>
  defineTarget({
    name: 'DSCP',
    support: DECIDED,
    tables: ['mangle'],
    options: {
      'set-dscp': { value: dscpNumber, excludes: ['set-dscp-class'] },
      'set-dscp-class': { value: dscpClass, excludes: ['set-dscp'] },
    },
    oneOf: [['set-dscp', 'set-dscp-class']],
    listing: () => listing([/DSCP set (?<v>\S+)/, 'set-dscp']),
    build(args) {
      const arg = args['set-dscp'] ?? args['set-dscp-class'];
      return arg ? ({ dscp: arg.value } satisfies DscpInfo) : refuse('a value is missing');
    },
    print: (info: DscpInfo) => [`--set-dscp ${hex(info.dscp, 2)}`],
    apply(info: DscpInfo, { skb }) {
      setTos(skb, (info.dscp << 2) | (tosOf(skb) & 3));
      return { kind: 'continue' };
    },
  }),
);
