/** xt_dnat_target_v2(), net/netfilter/xt_nat.c */
import { lazily } from '../../base/memo.ts';
import type { NatRange } from '../context.ts';
import { decidedExcept, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { formatNatTo, type NatTo, natTo, portsNeedProtocol } from '../values/nat.ts';
import { flag } from '../values/number.ts';

export interface DnatInfo {
  readonly to: NatTo;
  readonly random: boolean;
  readonly persistent: boolean;
}

export const DNAT = lazily(() =>
  defineTarget({
    name: 'DNAT',
    support: decidedExcept('--random: the kernel draws the port'),
    tables: ['nat'],
    hooks: ['PREROUTING', 'OUTPUT'],
    conntrack: true,
    options: {
      'to-destination': { value: natTo(true), required: true },
      random: { value: flag },
      persistent: { value: flag },
    },
    listing: () =>
      listing(
        [/to:(?<v>\S+)/, 'to-destination'],
        [
          [/random/, 'random'],
          [/persistent/, 'persistent'],
        ],
      ),
    build: (args): DnatInfo => ({
      to: args['to-destination'].value,
      random: args.random !== undefined,
      persistent: args.persistent !== undefined,
    }),
    print: (info) => [
      `--to-destination ${formatNatTo(info.to)}`,
      ...(info.random ? ['--random'] : []),
      ...(info.persistent ? ['--persistent'] : []),
    ],
    check: (info: DnatInfo, place) => portsNeedProtocol(info.to.ports, place),
    apply: (info) => ({ kind: 'nat', nat: natRange('dst', info.to, info.random, info.persistent) }),
  }),
);

export function natRange(
  manip: NatRange['manip'],
  { min, max, ports }: NatTo,
  random: boolean,
  persistent: boolean,
): NatRange {
  return {
    manip,
    address: min === undefined || max === undefined ? { kind: 'keep' } : { kind: 'range', min, max },
    ...(ports ? { ports } : {}),
    random,
    persistent,
  };
}
