/** tproxy_tg4(), tproxy_tg6_v1(), net/netfilter/xt_TPROXY.c */
import { lazily } from '../../base/memo.ts';
import type { Ip } from '../../net/ip.ts';
import type { MarkChange } from '../context.ts';
import { decidedWith, defineTarget } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { address, formatAddress } from '../values/address.ts';
import { masked } from '../values/mark.ts';
import { hex } from '../values/number.ts';
import { port } from '../values/port.ts';

export interface TproxyInfo {
  readonly port: number;
  /** All zeros: the packet's own destination, or an address of the incoming interface. */
  readonly address: Ip;
  readonly mark: MarkChange;
}

export const TPROXY = lazily(() =>
  defineTarget({
    name: 'TPROXY',
    support: decidedWith('ss -tunape --inet-sockopt'),
    defragments: true,
    tables: ['mangle'],
    hooks: ['PREROUTING'],
    protocols: [6, 17],
    options: {
      'on-port': { value: port, required: true },
      'on-ip': { value: address },
      'tproxy-mark': { value: masked() },
    },
    listing: () =>
      listing([
        /TPROXY redirect (?<ip>\S+):(?<port>\d+) mark (?<mark>\S+)/,
        ({ ip, port, mark }) => [
          listedOption('on-port', port),
          listedOption('on-ip', ip),
          listedOption('tproxy-mark', mark),
        ],
      ]),
    build: (args, { family }): TproxyInfo => ({
      port: args['on-port'].value,
      address: args['on-ip']?.value ?? (family === 4 ? 0 : 0n),
      mark: args['tproxy-mark']?.value ?? { value: 0, mask: 0 },
    }),
    print: (info) => [
      `--on-port ${info.port}`,
      `--on-ip ${formatAddress(info.address)}`,
      `--tproxy-mark ${hex(info.mark.value)}/${hex(info.mark.mask)}`,
    ],
    apply: (info) => ({
      kind: 'tproxy',
      ...(info.address ? { address: info.address } : {}),
      port: info.port,
      mark: info.mark,
    }),
  }),
);
