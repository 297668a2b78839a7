/** socket_mt4_v1_v2_v3(), net/netfilter/xt_socket.c */
import { lazily } from '../../base/memo.ts';
import { isUnknown, type Ternary, unknown } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { decidedWith, defineMatch } from '../extension.ts';
import { listing } from '../listing.ts';
import { upperLayer } from '../packet.ts';
import { flag } from '../values/number.ts';

interface SocketInfo {
  readonly transparent: boolean;
  readonly nowildcard: boolean;
  readonly restoreMark: boolean;
}

/** ICMP, TCP, UDP, ICMPv6 */
const ASKED: ReadonlySet<number> = new Set([1, 6, 17, 58]);
const WHICH = 'whether a socket of this host takes the packet (ss -tunape --inet-sockopt)';

export const socket = lazily(() =>
  defineMatch({
    name: 'socket',
    support: decidedWith('ss -tunape --inet-sockopt'),
    defragments: true,
    hooks: ['PREROUTING', 'INPUT'],
    options: {
      transparent: { value: flag },
      nowildcard: { value: flag },
      'restore-skmark': { value: flag },
    },
    listing: () =>
      listing(/socket/, [
        [/--transparent/, 'transparent'],
        [/--nowildcard/, 'nowildcard'],
        [/--restore-skmark/, 'restore-skmark'],
      ]),
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
  }),
);

/** socket_match(): a socket bound to no address counts only with --nowildcard, one that isn't transparent not with --transparent. */
function matchSocket(info: SocketInfo, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  if (!ASKED.has(upperLayer(ctx).protocol)) return false;
  const found = ctx.namespace.socket ? ctx.namespace.socket(skb) : unknown(WHICH);
  if (!found) return false;
  if (isUnknown(found)) return found;
  if (found.wildcard && !info.nowildcard) return false;
  if (info.transparent && found.transparent !== true) return found.transparent;
  if (!info.restoreMark) return true;
  if (typeof found.mark !== 'number') return found.mark;
  skb.mark = found.mark;
  return true;
}
