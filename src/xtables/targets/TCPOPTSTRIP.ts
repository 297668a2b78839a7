/** tcpoptstrip_tg4(), net/netfilter/xt_TCPOPTSTRIP.c: overwrites options with no-operations. */
import { lazily } from '../../base/memo.ts';
import { wordTable } from '../../base/word-table.ts';
import { setTcpWord } from '../../skb/rewrite.ts';
import type { Skb } from '../../skb/skb.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listedBare } from '../listing.ts';
import { u8, u16, upperHeader } from '../packet.ts';
import { readNumber } from '../values/number.ts';

const NAMES = wordTable<number>({
  mss: 2,
  wscale: 3,
  'sack-permitted': 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
});
const NOP = 1;
/** Length of a TCP header without options. */
const LEAST = 20;

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

export const TCPOPTSTRIP = lazily(() =>
  defineTarget({
    name: 'TCPOPTSTRIP',
    support: DECIDED,
    tables: ['mangle'],
    protocols: [6],
    options: { 'strip-options': { value: kinds } },
    listing: () => listedBare([[/TCPOPTSTRIP options (?<v>\S+)/, 'strip-options']]),
    build: (args): StripInfo => ({ kinds: args['strip-options']?.value ?? [] }),
    print: (info) => (info.kinds.length === 0 ? [] : [`--strip-options ${info.kinds.join(',')}`]),
    apply(info, ctx) {
      const { skb } = ctx;
      const at = upperHeader(ctx, 20);
      if (at === 'short') return { kind: 'drop' };
      if (typeof at !== 'number') return { kind: 'continue' };
      const end = at + (u8(skb.bytes, at + 12) >> 4) * 4;
      if (end < at + LEAST || end > skb.length) return { kind: 'drop' };
      // What the capture cut off can't be overwritten here.
      const seen = Math.min(end, skb.bytes.length);
      for (let i = at + LEAST; i < seen - 1; ) {
        const kind = u8(skb.bytes, i);
        const length = kind <= NOP ? 1 : Math.max(1, u8(skb.bytes, i + 1));
        if (i + length > seen) break;
        if (info.kinds.includes(kind)) for (let j = i; j < i + length; j++) setNop(skb, at, j - at);
        i += length;
      }
      return { kind: 'continue' };
    },
  }),
);

function setNop(skb: Skb, tcp: number, offset: number): void {
  const word = offset & ~1;
  const before = u16(skb.bytes, tcp + word);
  setTcpWord(skb, tcp, word, word === offset ? (NOP << 8) | (before & 0xff) : (before & 0xff00) | NOP);
}
