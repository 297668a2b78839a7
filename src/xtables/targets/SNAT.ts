/** xt_snat_target_v2(), net/netfilter/xt_nat.c */
import { lazily } from '../../base/memo.ts';
import { decidedExcept, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { formatNatTo, type NatTo, natTo, portsNeedProtocol } from '../values/nat.ts';
import { flag } from '../values/number.ts';
import { natRange } from './DNAT.ts';

export interface SnatInfo {
  readonly to: NatTo;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

export const SNAT = lazily(() =>
  defineTarget({
    name: 'SNAT',
    support: decidedExcept('--random and --random-fully: the kernel draws the port'),
    tables: ['nat'],
    hooks: ['POSTROUTING', 'INPUT'],
    conntrack: true,
    options: {
      'to-source': { value: natTo(false), required: true },
      random: { value: flag },
      'random-fully': { value: flag },
      persistent: { value: flag },
    },
    listing: () =>
      listing(
        [/to:(?<v>\S+)/, 'to-source'],
        [
          [/random/, 'random'],
          [/random-fully/, 'random-fully'],
          [/persistent/, 'persistent'],
        ],
      ),
    build: (args): SnatInfo => ({
      to: args['to-source'].value,
      random: args.random !== undefined,
      randomFully: args['random-fully'] !== undefined,
      persistent: args.persistent !== undefined,
    }),
    print: (info) => [
      `--to-source ${formatNatTo(info.to)}`,
      ...(info.random ? ['--random'] : []),
      ...(info.randomFully ? ['--random-fully'] : []),
      ...(info.persistent ? ['--persistent'] : []),
    ],
    check: (info: SnatInfo, place) => portsNeedProtocol(info.to.ports, place),
    apply: (info) => ({
      kind: 'nat',
      nat: natRange('src', info.to, info.random || info.randomFully, info.persistent),
    }),
  }),
);
