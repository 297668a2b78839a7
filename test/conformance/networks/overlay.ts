/** Two hosts on one wire, joined by VXLAN, a network behind each; `wan` is a node that is no more than a socket. */
import { formatMac, type Mac } from '../../../src/net/mac.ts';
import type { Network } from '../case.ts';

export const OVERLAY_ENDS = ['a', 'b', 'wan'] as const;
export type OverlayEnd = (typeof OVERLAY_ENDS)[number];

export const overlayMac = (end: OverlayEnd): Mac => 0x02dd00000000 + OVERLAY_ENDS.indexOf(end) + 1;
/** Of the VXLAN devices: left, right, and what the node behind `wan` says that its has. */
export const TUNNEL_MACS = {
  left: '02:99:00:00:00:01',
  right: '02:99:00:00:00:02',
  wan: '02:99:00:00:00:03',
};

interface Side {
  readonly number: 1 | 2;
  readonly end: 'a' | 'b';
}

function host({ number, end }: Side): string[] {
  const other = 3 - number;
  const [own, others] = number === 1 ? (['left', 'right'] as const) : (['right', 'left'] as const);
  return [
    'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.send_redirects=0',
    `ip addr add 10.95.0.${number}/24 dev core`,
    `ip addr add 10.95.${number}.1/24 dev lan`,
    `ip link set core address 02:98:00:00:00:0${number}`,
    'ip link set core up',
    'ip link set lan up',
    `ip link add vx type vxlan id 95 dstport 4789 srcport 5000 5001 local 10.95.0.${number} nolearning`,
    `ip link set vx address ${TUNNEL_MACS[own]}`,
    `ip addr add 10.95.9.${number}/24 dev vx`,
    'ip link set vx up',
    `ip neigh add 10.95.0.${other} lladdr 02:98:00:00:00:0${other} dev core nud permanent`,
    `ip neigh add 10.95.${number}.2 lladdr ${formatMac(overlayMac(end))} dev lan nud permanent`,
    `ip neigh add 10.95.9.${other} lladdr ${TUNNEL_MACS[others]} dev vx nud permanent`,
    `ip route add 10.95.${other}.0/24 via 10.95.9.${other}`,
    `bridge fdb append ${TUNNEL_MACS[others]} dev vx dst 10.95.0.${other}`,
  ];
}

export const OVERLAY: Network = {
  namespaces: {
    left: [
      ...host({ number: 1, end: 'a' }),
      'ip addr add 10.95.4.1/24 dev wan',
      'ip link set wan up',
      `ip neigh add 10.95.4.2 lladdr ${formatMac(overlayMac('wan'))} dev wan nud permanent`,
      `ip neigh add 10.95.9.3 lladdr ${TUNNEL_MACS.wan} dev vx nud permanent`,
      'ip route add 10.95.3.0/24 via 10.95.9.3',
      `bridge fdb append ${TUNNEL_MACS.wan} dev vx dst 10.95.4.2`,
    ],
    right: host({ number: 2, end: 'b' }),
  },
  wires: [['left:core', 'right:core']],
  ends: {
    a: { at: 'left:lan', mac: overlayMac('a') },
    b: { at: 'right:lan', mac: overlayMac('b') },
    wan: { at: 'left:wan', mac: overlayMac('wan') },
  },
};
