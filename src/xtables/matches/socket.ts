/** socket_mt4_v1_v2_v3(), net/netfilter/xt_socket.c */
import { unknown } from '../../base/ternary.ts';
import { decidedWith, defineMatch } from '../extension.ts';
import { upperLayer } from '../packet.ts';
import { flag } from '../values/number.ts';

interface SocketInfo {
  readonly transparent: boolean;
  readonly nowildcard: boolean;
  readonly restoreMark: boolean;
}

const TRANSPORTS = new Set([1, 6, 17, 58]);

export const socket = defineMatch({
  name: 'socket',
  support: decidedWith('ss -lntup'),
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
  match: (_, ctx) =>
    TRANSPORTS.has(upperLayer(ctx).protocol)
      ? unknown('whether a socket of this host takes the packet, and if it is a transparent one (ss -tunap)')
      : false,
});
