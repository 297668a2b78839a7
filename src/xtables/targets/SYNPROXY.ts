/** synproxy_tg4(), net/ipv4/netfilter/ipt_SYNPROXY.c: answers SYNs itself before the server sees any. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, undecided } from '../extension.ts';
import { listing } from '../listing.ts';
import { flag, number } from '../values/number.ts';

interface SynproxyInfo {
  readonly sackPermitted: boolean;
  readonly timestamp: boolean;
  readonly windowScale?: number;
  readonly mss?: number;
  readonly ecn: boolean;
}

export const SYNPROXY = lazily(() =>
  defineTarget({
    name: 'SYNPROXY',
    support: undecided('the sequence numbers that it answers with are a secret of the kernel'),
    protocols: [6],
    hooks: ['INPUT', 'FORWARD'],
    conntrack: true,
    options: {
      'sack-perm': { value: flag },
      timestamp: { value: flag },
      wscale: { value: number(14) },
      mss: { value: number(65535) },
      ecn: { value: flag },
    },
    listing: () =>
      listing(/SYNPROXY/, [
        [/sack-perm/, 'sack-perm'],
        [/timestamp/, 'timestamp'],
        [/wscale (?<v>\d+)/, 'wscale'],
        [/mss (?<v>\d+)/, 'mss'],
        [/ecn/, 'ecn'],
      ]),
    build: (args): SynproxyInfo => ({
      sackPermitted: args['sack-perm'] !== undefined,
      timestamp: args.timestamp !== undefined,
      ...(args.wscale ? { windowScale: args.wscale.value } : {}),
      ...(args.mss ? { mss: args.mss.value } : {}),
      ecn: args.ecn !== undefined,
    }),
    print: (info) => [
      ...(info.sackPermitted ? ['--sack-perm'] : []),
      ...(info.timestamp ? ['--timestamp'] : []),
      ...(info.windowScale === undefined ? [] : [`--wscale ${info.windowScale}`]),
      ...(info.mss === undefined ? [] : [`--mss ${info.mss}`]),
      ...(info.ecn ? ['--ecn'] : []),
    ],
    apply: () => ({ kind: 'unknown', why: 'the handshake that SYNPROXY holds in place of the server' }),
  }),
);
