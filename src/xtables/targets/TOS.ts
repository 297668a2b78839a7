/** tos_tg(), net/netfilter/xt_DSCP.c */
import { lazily } from '../../base/memo.ts';
import { setTos } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget, refuse } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { tosOf } from '../packet.ts';
import { number } from '../values/number.ts';
import { formatTos, type Masked, tos } from '../values/tos.ts';

const bits = { value: number(255) } as const;
const WAYS = ['set-tos', 'and-tos', 'or-tos', 'xor-tos'] as const;

/** tos = (tos & ~mask) ^ value */
export const TOS = lazily(() =>
  defineTarget({
    name: 'TOS',
    support: DECIDED,
    tables: ['mangle'],
    options: { 'set-tos': { value: tos }, 'and-tos': bits, 'or-tos': bits, 'xor-tos': bits },
    oneOf: [WAYS],
    listing: () =>
      listedParts([
        [/TOS set ?(?<v>\S+)/, 'set-tos'],
        [/TOS and (?<v>\S+)/, 'and-tos'],
        [/TOS or (?<v>\S+)/, 'or-tos'],
        [/TOS xor (?<v>\S+)/, 'xor-tos'],
      ]),
    build(args) {
      if (WAYS.filter((way) => args[way]).length > 1)
        return refuse('only one of --set-tos, --and-tos, --or-tos, --xor-tos');
      const [set, and, or, xor] = [args['set-tos'], args['and-tos'], args['or-tos'], args['xor-tos']];
      if (set) return set.value;
      if (and) return { value: 0, mask: ~and.value & 0xff } satisfies Masked;
      if (or) return { value: or.value, mask: or.value } satisfies Masked;
      return xor ? ({ value: xor.value, mask: 0 } satisfies Masked) : refuse('an action is missing');
    },
    print: (info: Masked) => [`--set-tos ${formatTos(info)}`],
    apply({ value, mask }: Masked, { skb }) {
      const before = tosOf(skb);
      const after = ((before & ~mask) ^ value) & 0xff;
      if (after !== before) setTos(skb, after);
      return { kind: 'continue' };
    },
  }),
);
