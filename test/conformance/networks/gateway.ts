/** A gateway with a namespace behind a veth; client and server are far ends. All neighbours are fixed: nobody asks for any. */
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { Network } from '../case.ts';

const MAC = {
  client: 0x02aa00000011,
  server: 0x02aa00000012,
  lan0: 0x02bb00000011,
  wan0: 0x02bb00000012,
  veth0: 0x02bb00000013,
  inner: 0x02bb00000014,
} as const satisfies Record<string, Mac>;

const batch = (lines: readonly string[]): string => `ip -batch - <<'X'\n${lines.join('\n')}\nX`;
const fixed = (address: string, device: string, mac: Mac): string =>
  `neigh add ${address} lladdr ${formatMac(mac)} dev ${device} nud permanent`;

const HOST = [
  `link set lan0 address ${formatMac(MAC.lan0)} up`,
  `link set wan0 address ${formatMac(MAC.wan0)} up`,
  `link set veth0 address ${formatMac(MAC.veth0)} mtu 1400 up`,
  'addr add 10.91.1.1/24 dev lan0',
  'addr add 10.91.2.1/24 dev wan0',
  'addr add 10.91.3.1/24 dev veth0',
  'addr add fd91:1::1/64 dev lan0 nodad',
  'addr add fd91:2::1/64 dev wan0 nodad',
  'addr add fd91:3::1/64 dev veth0 nodad',
  fixed('10.91.1.2', 'lan0', MAC.client),
  fixed('10.91.2.2', 'wan0', MAC.server),
  fixed('10.91.3.2', 'veth0', MAC.inner),
  fixed('fd91:1::2', 'lan0', MAC.client),
  fixed('fd91:2::2', 'wan0', MAC.server),
  fixed('fd91:3::2', 'veth0', MAC.inner),
  'route add default via 10.91.2.2',
];

const RED = [
  `link set eth0 address ${formatMac(MAC.inner)} mtu 1400 up`,
  'addr add 10.91.3.2/24 dev eth0',
  'addr add fd91:3::2/64 dev eth0 nodad',
  fixed('10.91.3.1', 'eth0', MAC.veth0),
  fixed('fd91:3::1', 'eth0', MAC.veth0),
  'route add default via 10.91.3.1',
];

export const GATEWAY: Network = {
  namespaces: {
    host: [
      batch(HOST),
      'ip -6 route add default via fd91:2::2',
      'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
    ],
    red: [batch(RED), 'ip -6 route add default via fd91:3::1'],
  },
  wires: [['host:veth0', 'red:eth0']],
  ends: {
    client: { at: 'host:lan0', mac: MAC.client },
    server: { at: 'host:wan0', mac: MAC.server },
  },
};
