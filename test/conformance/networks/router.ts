/** A router with two plain interfaces and a bridge of two ports; every neighbour is a far end. */
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { Network } from '../case.ts';

export const ROUTER_ENDS = ['eth0', 'eth1', 'p0', 'p1'] as const;
export type RouterEnd = (typeof ROUTER_ENDS)[number];

export const farMac = (end: RouterEnd): Mac => 0x02aa00000000 + ROUTER_ENDS.indexOf(end) + 1;
export const nearMac = (end: RouterEnd | 'br0'): Mac =>
  end === 'br0' ? 0x02bb000000ff : 0x02bb00000000 + ROUTER_ENDS.indexOf(end) + 1;

const neighbour = (address: string, device: string, end: RouterEnd) =>
  `neigh add ${address} lladdr ${formatMac(farMac(end))} dev ${device} nud permanent`;

const IP = [
  ...ROUTER_ENDS.map((end) => `link set ${end} address ${formatMac(nearMac(end))}`),
  `link add br0 address ${formatMac(nearMac('br0'))} type bridge mcast_snooping 0`,
  'link set p0 master br0',
  'link set p1 master br0',
  ...['eth0', 'eth1', 'p0', 'p1', 'br0'].map((name) => `link set ${name} up`),
  'addr add 10.90.1.1/24 dev eth0',
  'addr add 10.90.2.1/24 dev eth1',
  'addr add 10.90.3.1/24 dev br0',
  'addr add fd90:1::1/64 dev eth0 nodad',
  'addr add fd90:2::1/64 dev eth1 nodad',
  'addr add fd90:3::1/64 dev br0 nodad',
  ...(
    [
      ['eth0', 'eth0', 1],
      ['eth1', 'eth1', 2],
      ['br0', 'p0', 3],
    ] as const
  ).flatMap(([device, end, net]) => [
    neighbour(`10.90.${net}.2`, device, end),
    neighbour(`fd90:${net}::2`, device, end),
  ]),
  ...Array.from({ length: 28 }, (_, i) => i + 3).flatMap((host) => [
    neighbour(`10.90.1.${host}`, 'eth0', 'eth0'),
    neighbour(`10.90.2.${host}`, 'eth1', 'eth1'),
    neighbour(`fd90:1::${host.toString(16)}`, 'eth0', 'eth0'),
    neighbour(`fd90:2::${host.toString(16)}`, 'eth1', 'eth1'),
  ]),
  neighbour('10.90.1.0', 'eth0', 'eth0'),
  neighbour('10.90.2.0', 'eth1', 'eth1'),
  neighbour('10.90.3.3', 'br0', 'p1'),
  neighbour('fd90:3::3', 'br0', 'p1'),
  'route add default via 10.90.2.2',
];

const SYSCTL = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  ...['all', 'eth0', 'eth1', 'br0'].map((name) => `net.ipv4.conf.${name}.send_redirects=0`),
];

export const ROUTER: Network = {
  namespaces: {
    host: [
      `ip -batch - <<'X'\n${IP.join('\n')}\nX`,
      'ip -6 route add default via fd90:2::2',
      `sysctl -qw ${SYSCTL.join(' ')}`,
    ],
  },
  wires: [],
  ends: Object.fromEntries(ROUTER_ENDS.map((end) => [end, { at: `host:${end}`, mac: farMac(end) }] as const)),
};
