/** socket_mt4_v1_v2_v3(), net/netfilter/xt_socket.c */
import { isUnknown, type Ternary, unknown } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { decidedWith, defineMatch } from '../extension.ts';
import { blindHeader, u8, upperLayer } from '../packet.ts';
import { flag } from '../values/number.ts';

interface SocketInfo {
  readonly transparent: boolean;
  readonly nowildcard: boolean;
  readonly restoreMark: boolean;
}

const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** FIN, SYN, RST and ACK. */
const FLAGS = 0x17;
const SYN = 2;
const WHICH = 'whether a socket of this host takes the packet (ss -tunap)';

export const socket = defineMatch({
  name: 'socket',
  support: { ...decidedWith('ss -lntup'), untried: 'no case of the conformance suite has it' },
  defragments: true,
  hooks: ['PREROUTING', 'INPUT'],
  options: {
    transparent: { value: flag },
    nowildcard: { value: flag },
    'restore-skmark': { value: flag },
  },
  build: (args): SocketInfo => ({
    transparent: args.transparent !== undefined,
    nowildcard: args.nowildcard !== undefined,
    restoreMark: args['restore-skmark'] !== undefined,
  }),
  print: (info) => [
    ...(info.transparent ? ['--transparent'] : []),
    ...(info.nowildcard ? ['--nowildcard'] : []),
    ...(info.restoreMark ? ['--restore-skmark'] : []),
  ],
  match: matchSocket,
});

/** Only what opens a connection is sure to have none yet: other packets may belong to sockets that no listing of listeners shows. */
function matchSocket(info: SocketInfo, ctx: MatchContext): Ternary {
  const { protocol, fragmentOffset } = upperLayer(ctx);
  if (protocol === ICMP || protocol === ICMPV6) return quotesPacket(ctx, protocol);
  if (protocol !== TCP && protocol !== UDP) return false;
  const at = blindHeader(ctx, 8);
  if (typeof at !== 'number') return at === 'short' ? false : at;
  const listener = ctx.namespace.listener?.(ctx.skb) ?? unknown(WHICH);
  if (isUnknown(listener)) return listener;
  const counts = listener === 'bound' || (listener === 'any' && info.nowildcard);
  if (counts) {
    return info.transparent || info.restoreMark
      ? unknown('whether the listening socket is a transparent one, and its mark (no command tells)')
      : true;
  }
  const opens = protocol === TCP && fragmentOffset === 0 && (u8(ctx.skb.bytes, at + 13) & FLAGS) === SYN;
  return opens ? false : unknown(WHICH);
}

/** An ICMP error is for the socket that sent what it quotes; other ICMP is for none. */
function quotesPacket(ctx: MatchContext, protocol: number): Ternary {
  const at = blindHeader(ctx, 8);
  if (typeof at !== 'number') return at === 'short' ? false : at;
  const type = u8(ctx.skb.bytes, at);
  const isError = protocol === ICMP ? ERRORS.has(type) : type < 128;
  return isError ? unknown(WHICH) : false;
}
