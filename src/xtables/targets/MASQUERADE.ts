/** masquerade_tg(), net/netfilter/xt_MASQUERADE.c: the model picks the outgoing interface's address. */
import { lazily } from '../../base/memo.ts';
import { decidedExcept, defineTarget } from '../extension.ts';
import { listedBare } from '../listing.ts';
import { formatNatPorts, type NatPorts, natPorts, portsNeedProtocol } from '../values/nat.ts';
import { flag } from '../values/number.ts';

export interface MasqueradeInfo {
  readonly ports?: NatPorts;
  readonly random: boolean;
  readonly randomFully: boolean;
}

export const MASQUERADE = lazily(() =>
  defineTarget({
    name: 'MASQUERADE',
    support: decidedExcept('--random and --random-fully: the kernel draws the port'),
    tables: ['nat'],
    hooks: ['POSTROUTING'],
    conntrack: true,
    options: {
      'to-ports': { value: natPorts },
      random: { value: flag },
      'random-fully': { value: flag },
    },
    listing: () =>
      listedBare([
        [/masq ports: (?<v>\S+)/, 'to-ports'],
        [/random/, 'random'],
        [/random-fully/, 'random-fully'],
      ]),
    build: (args): MasqueradeInfo => ({
      ...(args['to-ports'] ? { ports: args['to-ports'].value } : {}),
      random: args.random !== undefined,
      randomFully: args['random-fully'] !== undefined,
    }),
    print: (info) => [
      ...(info.ports ? [`--to-ports ${formatNatPorts(info.ports)}`] : []),
      ...(info.random ? ['--random'] : []),
      ...(info.randomFully ? ['--random-fully'] : []),
    ],
    check: (info: MasqueradeInfo, place) => portsNeedProtocol(info.ports, place),
    apply: (info) => ({
      kind: 'nat',
      nat: {
        manip: 'src',
        address: { kind: 'masquerade' },
        ...(info.ports ? { ports: info.ports } : {}),
        random: info.random || info.randomFully,
        persistent: false,
      },
    }),
  }),
);
