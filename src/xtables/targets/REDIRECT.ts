/** redirect_tg4(), redirect_tg6(), net/netfilter/xt_REDIRECT.c: the model picks the incoming interface's address. */
import { lazily } from '../../base/memo.ts';
import { decidedExcept, defineTarget } from '../extension.ts';
import { listedBare } from '../listing.ts';
import { formatNatPorts, type NatPorts, natPorts, portsNeedProtocol } from '../values/nat.ts';
import { flag } from '../values/number.ts';

export interface RedirectInfo {
  readonly ports?: NatPorts;
  readonly random: boolean;
}

export const REDIRECT = lazily(() =>
  defineTarget({
    name: 'REDIRECT',
    support: decidedExcept('--random: the kernel draws the port'),
    tables: ['nat'],
    hooks: ['PREROUTING', 'OUTPUT'],
    conntrack: true,
    options: { 'to-ports': { value: natPorts }, random: { value: flag } },
    listing: () =>
      listedBare([
        [/redir ports (?<v>\S+)/, 'to-ports'],
        [/random/, 'random'],
      ]),
    build: (args): RedirectInfo => ({
      ...(args['to-ports'] ? { ports: args['to-ports'].value } : {}),
      random: args.random !== undefined,
    }),
    print: (info) => [
      ...(info.ports ? [`--to-ports ${formatNatPorts(info.ports)}`] : []),
      ...(info.random ? ['--random'] : []),
    ],
    check: (info: RedirectInfo, place) => portsNeedProtocol(info.ports, place),
    apply: (info) => ({
      kind: 'nat',
      nat: {
        manip: 'dst',
        address: { kind: 'redirect' },
        ...(info.ports ? { ports: info.ports } : {}),
        random: info.random,
        persistent: false,
      },
    }),
  }),
);
