/** A host with an uplink, a second network and a bridge of two containers, which are namespaces. All neighbours are fixed. */
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { Network } from '../case.ts';

const MAC = {
  out: 0x02aa00000021,
  lan: 0x02aa00000022,
  eth0: 0x02bb00000021,
  eth1: 0x02bb00000022,
  br0: 0x02bb00000023,
  vweb: 0x02bb00000024,
  vdb: 0x02bb00000025,
  web: 0x02bb00000026,
  db: 0x02bb00000027,
} as const satisfies Record<string, Mac>;

const batch = (lines: readonly string[]): string => `ip -batch - <<'X'\n${lines.join('\n')}\nX`;
const fixed = (address: string, device: string, mac: Mac): string =>
  `neigh add ${address} lladdr ${formatMac(mac)} dev ${device} nud permanent`;
const quiet = 'for i in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 > $i; done';

const HOST = [
  ...(['eth0', 'eth1', 'vweb', 'vdb'] as const).map(
    (name) => `link set ${name} address ${formatMac(MAC[name])}`,
  ),
  `link add br0 address ${formatMac(MAC.br0)} type bridge mcast_snooping 0`,
  'link set vweb master br0',
  'link set vdb master br0',
  ...['eth0', 'eth1', 'vweb', 'vdb', 'br0'].map((name) => `link set ${name} up`),
  'addr add 10.92.1.1/24 dev eth0',
  'addr add 10.92.2.1/24 dev eth1',
  'addr add 10.92.3.1/24 dev br0',
  fixed('10.92.1.2', 'eth0', MAC.out),
  fixed('10.92.2.2', 'eth1', MAC.lan),
  fixed('10.92.3.2', 'br0', MAC.web),
  fixed('10.92.3.3', 'br0', MAC.db),
  'route add default via 10.92.1.2',
];

const container = (name: 'web' | 'db', own: string, peer: string, peerMac: Mac): string[] => [
  batch([
    `link set eth0 address ${formatMac(MAC[name])} up`,
    `addr add ${own}/24 dev eth0`,
    fixed('10.92.3.1', 'eth0', MAC.br0),
    fixed(peer, 'eth0', peerMac),
    'route add default via 10.92.3.1',
  ]),
  quiet,
];

export const HOSTS: Network = {
  namespaces: {
    host: [batch(HOST), 'sysctl -qw net.ipv4.ip_forward=1', quiet],
    web: container('web', '10.92.3.2', '10.92.3.3', MAC.db),
    db: container('db', '10.92.3.3', '10.92.3.2', MAC.web),
  },
  wires: [
    ['host:vweb', 'web:eth0'],
    ['host:vdb', 'db:eth0'],
  ],
  ends: {
    out: { at: 'host:eth0', mac: MAC.out },
    lan: { at: 'host:eth1', mac: MAC.lan },
  },
};
