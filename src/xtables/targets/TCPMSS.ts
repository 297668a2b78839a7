/** tcpmss_mangle_packet(), net/netfilter/xt_TCPMSS.c: lowers a SYN's maximum segment size. */
import { setTcpMss, tcpMss } from '../../skb/rewrite.ts';
import type { MatchContext, RuleVerdict } from '../context.ts';
import { DECIDED, defineTarget, refuse } from '../extension.ts';
import { u8, upperHeader } from '../packet.ts';
import { flag, number } from '../values/number.ts';

/** Largest segment that an IPv4 packet has room for. */
const MOST = 65535 - 40;
const SYN = 2;
/** What every host takes, and so what a SYN without the option stands for. */
const DEFAULT_MSS = { 4: 536, 6: 1220 } as const;
const HEADERS = { 4: 40, 6: 60 } as const;

type TcpmssInfo = { readonly kind: 'set'; readonly mss: number } | { readonly kind: 'clamp' };

export const TCPMSS = defineTarget({
  name: 'TCPMSS',
  support: DECIDED,
  tables: ['mangle', 'filter', 'nat', 'raw', 'security'],
  protocols: [6],
  options: {
    'set-mss': { value: number(65535) },
    'clamp-mss-to-pmtu': { value: flag },
  },
  oneOf: [['set-mss', 'clamp-mss-to-pmtu']],
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
});

function clamp(info: TcpmssInfo, ctx: MatchContext): RuleVerdict {
  const { skb, namespace } = ctx;
  if (skb.fragmentOffset > 0) return { kind: 'continue' };
  const at = upperHeader(ctx, 20);
  if (at === 'short') return { kind: 'drop' };
  if (typeof at !== 'number') return { kind: 'continue' };
  if ((u8(skb.bytes, at + 13) & SYN) === 0) return { kind: 'continue' };
  const mtu = info.kind === 'clamp' ? namespace.pathMtu?.(skb) : undefined;
  // Without the interfaces' sizes the option stays as it is; no verdict hangs on it.
  if (info.kind === 'clamp' && typeof mtu !== 'number') return { kind: 'continue' };
  if (typeof mtu === 'number' && mtu <= HEADERS[skb.family]) return { kind: 'drop' };
  const wanted = info.kind === 'set' ? info.mss : Math.max(0, (mtu as number) - HEADERS[skb.family]);
  const current = tcpMss(skb);
  if (current !== undefined) {
    if (current > wanted) setTcpMss(skb, wanted);
  } else if (skb.length === at + (u8(skb.bytes, at + 12) >> 4) * 4) {
    setTcpMss(skb, Math.min(wanted, DEFAULT_MSS[skb.family], MOST));
  }
  return { kind: 'continue' };
}
