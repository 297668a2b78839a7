/** Links as `ip addr`, `ip link` and `bridge -d link` print them: iproute2 ip/ipaddress.c and bridge/link.c. */
import { familyOf, formatIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import { printKindData } from '../kind-data.ts';
import { PORT_FLAGS } from '../link-record.ts';
import type { BridgePort, InterfaceAddress, Link } from '../records.ts';

export function printLinks(links: readonly Link[], withAddresses: boolean): string {
  return links.map((link) => printLink(link, withAddresses)).join('');
}

function printLink(link: Link, withAddresses: boolean): string {
  const mode = withAddresses ? '' : ' mode DEFAULT';
  const lines = [
    `${head(link)}${pair('mtu', link.mtu)}${pair('qdisc', link.qdisc)}${pair('master', link.master)}${pair('state', link.operstate)}${mode}${pair('group', link.group)}${pair('qlen', link.queueLength)}`,
    ...hardware(link),
    ...details(link),
    ...(link.altnames ?? []).map((name) => `    altname ${name}`),
    ...(withAddresses ? link.addresses.flatMap((address) => addressLines(address, link.name)) : []),
    ...counterLines(link.statistics ?? {}),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function head(link: Link): string {
  const peer =
    link.peerIndex !== undefined
      ? `@if${link.peerIndex}`
      : link.peerName !== undefined
        ? `@${link.peerName}`
        : '';
  return `${link.index ?? 0}: ${link.name}${peer}: <${link.flags.join(',')}>`;
}

function pair(key: string, value: string | number | undefined): string {
  return value === undefined ? '' : ` ${key} ${value}`;
}

function hardware(link: Link): string[] {
  const type = link.linkType ?? (link.mac === undefined ? undefined : 'ether');
  if (type === undefined) return [];
  const zero = '00:00:00:00:00:00';
  const mac =
    type === 'loopback' ? ` ${zero} brd ${zero}` : link.mac === undefined ? '' : ` ${formatMac(link.mac)}`;
  const broadcast = type === 'ether' && mac !== '' ? ' brd ff:ff:ff:ff:ff:ff' : '';
  const netns = `${pair('link-netnsid', link.peerNetnsid)}${pair('link-netns', link.peerNetns)}`;
  return [`    link/${type}${mac}${broadcast}${netns}`];
}

/** What `ip -d` adds. */
function details(link: Link): string[] {
  const lines: string[] = [];
  if (link.kind !== undefined)
    lines.push(`    ${link.kind}${printKindData(link.kindData ?? {})} addrgenmode eui64`);
  if (link.port) lines.push(`    bridge_slave${portWords(link.port)}`);
  return lines;
}

function portWords(port: BridgePort): string {
  const flags = PORT_FLAGS.map(([word, field]) => onOff(word, port[field]));
  const mask = port.groupFwdMask === undefined ? '' : ` group_fwd_mask ${port.groupFwdMask.toString(16)}`;
  return `${pair('state', port.state)}${flags.join('')}${pair('port_no', port.number)}${pair('mcast_router', port.mcastRouter)}${mask}${pair('backup_port', port.backupPort)}`;
}

function onOff(key: string, value: unknown): string {
  return value === undefined ? '' : ` ${key} ${value ? 'on' : 'off'}`;
}

function addressLines(address: InterfaceAddress, device: string): string[] {
  const four = familyOf(address.address) === 4;
  const own = formatIp(address.address);
  const prefix =
    address.peer === undefined
      ? `${own}/${address.length}`
      : `${own} peer ${formatIp(address.peer)}/${address.length}`;
  const flags = [...(address.secondary ? ['secondary'] : []), ...address.flags]
    .map((flag) => ` ${flag}`)
    .join('');
  const label = four ? ` ${address.label ?? device}` : ' ';
  const broadcast = address.broadcast === undefined ? undefined : formatIp(address.broadcast);
  const lines = [
    `    ${four ? 'inet' : 'inet6'} ${prefix}${pair('metric', address.metric)}${pair('brd', broadcast)} scope ${address.scope}${flags}${label}`,
  ];
  if (address.validLifetime !== undefined && address.preferredLifetime !== undefined) {
    lines.push(
      `       valid_lft ${lifetime(address.validLifetime)} preferred_lft ${lifetime(address.preferredLifetime)}`,
    );
  }
  return lines;
}

function lifetime(seconds: number): string {
  return seconds === 0xffffffff ? 'forever' : `${seconds}sec`;
}

/** The columns of `ip -s -s`: counter and heading. */
const COLUMNS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    'RX:',
    [
      ['rx_bytes', 'bytes'],
      ['rx_packets', 'packets'],
      ['rx_errors', 'errors'],
      ['rx_dropped', 'dropped'],
      ['rx_missed_errors', 'missed'],
      ['multicast', 'mcast'],
    ],
  ],
  [
    'RX errors:',
    [
      ['rx_length_errors', 'length'],
      ['rx_crc_errors', 'crc'],
      ['rx_frame_errors', 'frame'],
      ['rx_fifo_errors', 'fifo'],
      ['rx_over_errors', 'overrun'],
    ],
  ],
  [
    'TX:',
    [
      ['tx_bytes', 'bytes'],
      ['tx_packets', 'packets'],
      ['tx_errors', 'errors'],
      ['tx_dropped', 'dropped'],
      ['tx_carrier_errors', 'carrier'],
      ['collisions', 'collsns'],
    ],
  ],
  [
    'TX errors:',
    [
      ['tx_aborted_errors', 'aborted'],
      ['tx_fifo_errors', 'fifo'],
      ['tx_window_errors', 'window'],
      ['tx_heartbeat_errors', 'heartbt'],
      ['carrier_changes', 'transns'],
    ],
  ],
];

function counterLines(statistics: Readonly<Record<string, number>>): string[] {
  return COLUMNS.flatMap(([title, columns]) => {
    const present = columns.filter(([name]) => statistics[name] !== undefined);
    if (present.length === 0) return [];
    return [
      `    ${title} ${present.map(([, heading]) => heading.padStart(8)).join(' ')}`,
      `    ${' '.repeat(title.length)} ${present.map(([name]) => String(statistics[name]).padStart(8)).join(' ')}`,
    ];
  });
}

export function printPorts(ports: readonly Link[]): string {
  return ports
    .map((link) => {
      const { state, ...flags } = link.port ?? { span: link.span };
      const line = `${head(link)}${pair('mtu', link.mtu)}${pair('master', link.master)}${pair('state', state)}`;
      const words = portWords(flags);
      return `${line} \n${words === '' ? '' : `   ${words} \n`}`;
    })
    .join('');
}
