/** tcpmss_mangle_packet(), net/netfilter/xt_TCPMSS.c: lowers a SYN's maximum segment size. */
import { lazily } from '../../base/memo.ts';
import { addTcpMss, setTcpWord } from '../../skb/rewrite.ts';
import type { MatchContext, RuleVerdict } from '../context.ts';
import { DECIDED, defineTarget, refuse, type Value } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { u8, u16, upperHeader } from '../packet.ts';
import { flag, readNumber } from '../values/number.ts';

const [NOP, MSS] = [1, 2];
/** Of a TCP header without options, and of the option. */
const [LEAST, OPTION] = [20, 4];
/** What every host takes, and so what a SYN without the option stands for. */
const DEFAULT_MSS = { 4: 536, 6: 1220 } as const;
const HEADERS = { 4: 40, 6: 60 } as const;

/** What a packet of 65,535 bytes has room for beside the IP header, of IPv6 beside TCP’s too. */
const MOST = { 4: 65515, 6: 65495 } as const;

const size: Value<number> = {
  words: 1,
  expected: `a number 0..${MOST[4]} (IPv6: ..${MOST[6]})`,
  read: ([text = ''], { family }) => readNumber(text, MOST[family]),
};

type TcpmssInfo = { readonly kind: 'set'; readonly mss: number } | { readonly kind: 'clamp' };

export const TCPMSS = lazily(() =>
  defineTarget({
    name: 'TCPMSS',
    support: DECIDED,
    tables: ['mangle', 'filter', 'nat', 'raw', 'security'],
    protocols: [6],
    options: {
      'set-mss': { value: size },
      'clamp-mss-to-pmtu': { value: flag },
    },
    oneOf: [['set-mss', 'clamp-mss-to-pmtu']],
    listing: () =>
      listedParts([
        [/TCPMSS set (?<v>\d+)/, 'set-mss'],
        [/TCPMSS clamp to PMTU/, 'clamp-mss-to-pmtu'],
      ]),
    build(args) {
      if (args['clamp-mss-to-pmtu']) return { kind: 'clamp' } satisfies TcpmssInfo;
      const mss = args['set-mss']?.value;
      return mss === undefined ? refuse('a size is missing') : ({ kind: 'set', mss } satisfies TcpmssInfo);
    },
    print: (info: TcpmssInfo) => [info.kind === 'set' ? `--set-mss ${info.mss}` : '--clamp-mss-to-pmtu'],
    check(info: TcpmssInfo, { hook }) {
      const clamps = hook === undefined || hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING';
      return info.kind === 'clamp' && !clamps ? `--clamp-mss-to-pmtu can't be used in ${hook}` : undefined;
    },
    apply: clamp,
  }),
);

function clamp(info: TcpmssInfo, ctx: MatchContext): RuleVerdict {
  const { skb, namespace } = ctx;
  if (skb.fragmentOffset > 0) return { kind: 'continue' };
  const at = upperHeader(ctx, LEAST);
  if (at === 'short') return { kind: 'drop' };
  if (typeof at !== 'number') return { kind: 'continue' };
  const end = at + (u8(skb.bytes, at + 12) >> 4) * 4;
  if (end < at + LEAST || end > skb.length) return { kind: 'drop' };
  const mtu = info.kind === 'clamp' ? namespace.pathMtu?.(skb) : undefined;
  // Without the interfaces' sizes the option stays as it is; no verdict hangs on it.
  if (info.kind === 'clamp' && typeof mtu !== 'number') return { kind: 'continue' };
  if (typeof mtu === 'number' && mtu <= HEADERS[skb.family]) return { kind: 'drop' };
  const wanted = info.kind === 'set' ? info.mss : Math.max(0, (mtu as number) - HEADERS[skb.family]);
  const option = mssOption(skb.bytes, at + LEAST, end);
  if (option !== undefined) {
    if (u16(skb.bytes, option) > wanted) setTcpWord(skb, at, option - at, wanted);
  } else if (end === skb.length) {
    addTcpMss(skb, Math.min(wanted, DEFAULT_MSS[skb.family]));
  }
  return { kind: 'continue' };
}

/** Where the value of the option is. An End of Options is stepped over like a no-operation. */
function mssOption(bytes: Uint8Array, start: number, end: number): number | undefined {
  for (let at = start; at + OPTION <= Math.min(end, bytes.length); ) {
    const [kind, length] = [u8(bytes, at), u8(bytes, at + 1)];
    if (kind === MSS && length === OPTION) return at + 2;
    at += kind <= NOP ? 1 : Math.max(1, length);
  }
  return undefined;
}
