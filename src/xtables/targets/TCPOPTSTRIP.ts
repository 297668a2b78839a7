/** tcpoptstrip_tg4(), net/netfilter/xt_TCPOPTSTRIP.c: overwrites options with no-operations. */
import { viewOf } from '../../base/bytes.ts';
import { sealChecksums } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { u8, upperHeader } from '../packet.ts';
import { readNumber } from '../values/number.ts';

const NAMES: Readonly<Record<string, number>> = {
  mss: 2,
  wscale: 3,
  'sack-permitted': 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};
const NOP = 1;

interface StripInfo {
  readonly kinds: readonly number[];
}

const kinds: Value<readonly number[]> = {
  words: 1,
  expected: `option kinds 2..255 or ${Object.keys(NAMES).join(', ')}, separated by commas`,
  read([text = '']) {
    const list = text.split(',').map((word) => NAMES[word.toLowerCase()] ?? readNumber(word, 255));
    if (list.some((kind) => kind === undefined || kind < 2)) return undefined;
    return [...new Set(list.filter((kind) => kind !== undefined))].sort((a, b) => a - b);
  },
};

export const TCPOPTSTRIP = defineTarget({
  name: 'TCPOPTSTRIP',
  support: DECIDED,
  tables: ['mangle'],
  protocols: [6],
  options: { 'strip-options': { value: kinds } },
  build: (args): StripInfo => ({ kinds: args['strip-options']?.value ?? [] }),
  print: (info) => (info.kinds.length === 0 ? [] : [`--strip-options ${info.kinds.join(',')}`]),
  apply(info, ctx) {
    const { skb } = ctx;
    const at = upperHeader(ctx, 20);
    if (at === 'short') return { kind: 'drop' };
    if (typeof at !== 'number') return { kind: 'continue' };
    const end = Math.min(at + (u8(skb.bytes, at + 12) >> 4) * 4, skb.bytes.length);
    const view = viewOf(skb.bytes);
    let changed = false;
    for (let i = at + 20; i < end; ) {
      const kind = u8(skb.bytes, i);
      const length = kind < 2 ? 1 : Math.max(1, i + 1 < end ? u8(skb.bytes, i + 1) : 1);
      if (info.kinds.includes(kind) && i + length <= end) {
        for (let j = i; j < i + length; j++) view.setUint8(j, NOP);
        changed = true;
      }
      i += length;
    }
    if (changed) sealChecksums(skb);
    return { kind: 'continue' };
  },
});
