/** Cases that each show something of the kernel's way with packets, on the router of test/conformance. */
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';
import { address } from '../../conformance/generate/packets.ts';
import { type RouterEnd as End, farMac, nearMac } from '../../conformance/networks/router.ts';

export interface LivePacket {
  /** Far end it is sent from, or `local`: sent by the router itself. */
  readonly on: End | 'local';
  readonly skb: Skb;
}

export interface LiveCase {
  readonly name: string;
  readonly rules4: string;
  readonly rules6: string;
  /** Shell commands of the router before the packets; `R ` stands before each. */
  readonly setup?: string;
  readonly teardown?: string;
  readonly packets: readonly LivePacket[];
}

const C = '10.90.1.2';
const S = '10.90.2.2';
const B = '10.90.3.2';
const B2 = '10.90.3.3';
const C6 = 'fd90:1::2';
const S6 = 'fd90:2::2';
const BROADCAST = 0xffffffffffff;

type On = End | 'local';
type More = Partial<SkbSpec>;

export function packet(on: On, source: string, destination: string, more: More): LivePacket {
  return {
    on,
    skb: buildSkb({
      source: address(source),
      destination: address(destination),
      protocol: 17,
      payload: 8,
      ...more,
    }),
  };
}
export const udp = (
  on: On,
  source: string,
  destination: string,
  sport = 1000,
  dport = 2000,
  more: More = {},
) => packet(on, source, destination, { sourcePort: sport, destinationPort: dport, ...more });
export const tcp = (
  on: On,
  source: string,
  destination: string,
  ports: [number, number],
  flags: number,
  seq = 0,
  ack = 0,
  more: More = {},
) =>
  packet(on, source, destination, {
    protocol: 6,
    sourcePort: ports[0],
    destinationPort: ports[1],
    tcpFlags: flags,
    tcpSequence: seq,
    tcpAcknowledgement: ack,
    payload: 0,
    ...more,
  });
export const icmp = (on: On, source: string, destination: string, more: More = {}) =>
  packet(on, source, destination, { protocol: source.includes(':') ? 58 : 1, icmpId: 7, ...more });
/** An ICMP error that quotes the beginning of a packet. */
export const error = (
  on: On,
  source: string,
  destination: string,
  type: number,
  code: number,
  about: LivePacket,
) =>
  icmp(on, source, destination, {
    icmpType: type,
    icmpCode: code,
    icmpId: 0,
    payload: about.skb.bytes.slice(0, 48),
  });
export const to = (mac: number, { on, skb }: LivePacket): LivePacket => ({
  on,
  skb: { ...skb, etherDestination: mac },
});
const other = (each: LivePacket) => to(farMac(each.on === 'p0' ? 'p1' : 'p0'), each);
export const broadcast = (each: LivePacket) => to(BROADCAST, each);
export function broken({ on, skb }: LivePacket, at: number, value: number): LivePacket {
  const bytes = skb.bytes.slice();
  bytes[at] = (bytes[at] ?? 0) ^ value;
  const copy: Skb = { ...skb, bytes };
  refreshLayout(copy);
  return { on, skb: copy };
}
export function fragment(
  { on, skb }: LivePacket,
  from: number,
  length: number,
  more: boolean,
  id: number,
): LivePacket {
  const bytes = new Uint8Array(20 + length);
  bytes.set(skb.bytes.subarray(0, 20));
  bytes.set(skb.bytes.subarray(20 + from, 20 + from + length), 20);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, bytes.length);
  view.setUint16(4, id);
  view.setUint16(6, (more ? 0x2000 : 0) | (from / 8));
  const piece: Skb = { ...skb, bytes, transport: -1 };
  sealChecksums(piece);
  refreshLayout(piece);
  return { on, skb: piece };
}

/** Every chain counts packets by state and interface; `extra` adds rules behind, `policies` are not ACCEPT. */
function counting(
  extra: Readonly<Record<string, readonly string[]>> = {},
  dropping: readonly string[] = [],
): string {
  let text = '';
  for (const table of TABLES) {
    text += `*${table}\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      text += `:${chain} ${dropping.includes(`${table} ${chain}`) ? 'DROP' : 'ACCEPT'} [0:0]\n`;
    }
    const rules = extra[table] ?? [];
    for (const chain of rules.filter((rule) => rule.startsWith(':'))) text += `${chain} - [0:0]\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      text += `-A ${chain}\n`;
      if (table !== 'nat') {
        for (const state of ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'])
          text += `-A ${chain} -m conntrack --ctstate ${state}\n`;
      }
      for (const device of ['eth0', 'eth1', 'br0', 'lo']) {
        if (chain !== 'OUTPUT' && chain !== 'POSTROUTING') text += `-A ${chain} -i ${device}\n`;
        if (chain !== 'INPUT' && chain !== 'PREROUTING') text += `-A ${chain} -o ${device}\n`;
      }
    }
    for (const rule of rules.filter((each) => !each.startsWith(':'))) text += `${rule}\n`;
    text += 'COMMIT\n';
  }
  return text;
}
const plain = { rules4: counting(), rules6: counting() };
const only4 = (extra: Readonly<Record<string, readonly string[]>>) => ({
  rules4: counting(extra),
  rules6: counting(),
});
const both = (extra: Readonly<Record<string, readonly string[]>>) => ({
  rules4: counting(extra),
  rules6: counting(extra),
});
const during = (on: readonly string[], off: readonly string[]) => ({
  setup: on.map((command) => `R ${command}`).join('\n'),
  teardown: off.map((command) => `R ${command}`).join('\n'),
});
const setting = (name: string, value: number, usual: number) =>
  during([`sysctl -qw ${name}=${value}`], [`sysctl -qw ${name}=${usual}`]);

/** One connection, seen from the router. */
const c = (flags: number, seq: number, ack: number, more: More = {}) =>
  tcp('eth0', C, S, [4000, 80], flags, seq, ack, more);
const s = (flags: number, seq: number, ack: number, more: More = {}) =>
  tcp('eth1', S, C, [80, 4000], flags, seq, ack, more);
const handshake = [c(2, 1000, 0), s(18, 5000, 1001), c(16, 1001, 5001)];

export const CASES: readonly LiveCase[] = [
  {
    name: 'forwarded both ways, and what TTL ends',
    ...plain,
    packets: [
      udp('eth0', C, S),
      udp('eth0', C, S),
      udp('eth1', S, C, 2000, 1000),
      icmp('eth0', C, '8.8.8.8'),
      ...handshake,
      udp('eth0', C, B),
      udp('eth0', C, B2),
      udp('p0', B, C),
      udp('eth0', C6, S6),
      icmp('eth0', C6, 'fd90:3::3'),
      udp('eth0', C, S, 5, 6, { ttl: 1 }),
      udp('eth0', C6, S6, 5, 6, { ttl: 1 }),
      udp('eth0', C, S, 5, 6, { ttl: 2 }),
    ],
  },
  {
    name: 'for the host itself',
    ...plain,
    packets: [
      udp('eth0', C, '10.90.1.1'),
      udp('eth0', C, '10.90.2.1'),
      tcp('eth0', C, '10.90.1.1', [5, 80], 2),
      icmp('eth0', C, '10.90.1.1'),
      icmp('p0', B, '10.90.3.1'),
      icmp('eth0', C6, 'fd90:1::1'),
      udp('eth0', C6, 'fd90:1::1'),
      tcp('eth0', C6, 'fd90:2::1', [5, 80], 2),
      ...[0, 13].map((icmpType) => icmp('eth0', C, '10.90.1.1', { icmpType })),
      ...[16, 4, 18].map((flags, i) => tcp('eth0', C, '10.90.1.1', [6 + i, 80], flags)),
      packet('eth0', C, '10.90.1.1', { protocol: 47 }),
      udp('eth0', C, '10.90.1.1', 5, 6, { ttl: 0 }),
      udp('eth0', C, '10.90.1.1', 5, 6, { ttl: 1 }),
    ],
  },
  {
    name: 'sent by the host',
    ...plain,
    packets: [
      udp('local', '10.90.1.1', C),
      udp('local', '10.90.1.1', C, 5, 6, { ttl: 1 }),
      icmp('local', '10.90.1.1', C),
      udp('local', '10.90.2.1', '10.90.1.1'),
      tcp('local', '10.90.2.1', '10.90.1.1', [7, 8], 2),
      icmp('local', '127.0.0.1', '127.0.0.1'),
      udp('local', '10.90.1.1', '8.8.8.8'),
      udp('local', '10.90.1.1', B2),
      udp('local', 'fd90:1::1', C6),
      icmp('local', 'fd90:1::1', 'fd90:2::1'),
      tcp('local', 'fd90:1::1', 'fd90:3::2', [3, 4], 2),
      udp('local', '10.90.1.1', '10.90.1.255'),
      udp('local', '10.90.1.1', '224.0.0.1'),
      udp('local', '10.90.1.1', '224.0.0.55'),
    ],
  },
  {
    name: 'martians, groups and broadcasts',
    ...plain,
    packets: [
      ...['127.0.0.5', '0.0.0.0', '224.1.1.1', '255.255.255.255', '10.90.2.1', '240.1.2.3'].map((from) =>
        udp('eth0', from, S),
      ),
      ...['0.0.0.0', '127.0.0.1', '0.1.2.3', '240.1.1.1', '10.90.2.255', '10.90.1.0', '10.90.2.0'].map(
        (where) => udp('eth0', C, where),
      ),
      ...['255.255.255.255', '10.90.1.255', '10.90.1.1', S].map((where) => broadcast(udp('eth0', C, where))),
      broadcast(udp('eth0', '0.0.0.0', '255.255.255.255', 68, 67)),
      to(0x01005e000001, udp('eth0', C, '224.0.0.1')),
      to(0x01005e000063, udp('eth0', C, '224.0.0.99')),
      to(0x020000000099, udp('eth0', C, S)),
      udp('eth0', '::1', S6),
      udp('eth0', C6, '::1'),
      udp('eth0', 'ff02::5', S6),
      ...['::', 'fd90:1::1', 'fe80::5'].map((from) => udp('eth0', from, 'fd90:1::1')),
      udp('eth0', 'fe80::5', S6),
      to(0x333300000001, udp('eth0', C6, 'ff02::1')),
      to(0x333300000002, udp('eth0', C6, 'ff02::2')),
      to(0x333300000002, udp('eth0', C6, 'ff05::2')),
      udp('eth0', C6, 'fd90:1::'),
      to(0x3333ff000001, udp('eth0', C6, 'ff02::1:ff00:1')),
      to(0x333300000099, udp('eth0', C6, 'ff02::99')),
    ],
  },
  {
    name: 'routes that lead nowhere',
    ...plain,
    ...during(
      [
        'ip route add blackhole 10.91.1.0/24',
        'ip route add unreachable 10.91.2.0/24',
        'ip route add prohibit 10.91.3.0/24',
        'ip route add throw 10.91.4.0/24',
        'ip -6 route add blackhole fd91:1::/64',
        'ip -6 route add unreachable fd91:2::/64',
        'ip -6 route add prohibit fd91:3::/64',
        'ip route del default',
        'ip -6 route del default',
      ],
      [
        ...[1, 2, 3, 4].map((n) => `ip route del 10.91.${n}.0/24`),
        ...[1, 2, 3].map((n) => `ip -6 route del fd91:${n}::/64`),
        'ip route add default via 10.90.2.2',
        'ip -6 route add default via fd90:2::2',
      ],
    ),
    packets: (['eth0', 'local'] as const).flatMap((on) => [
      // One receiver gets five refusals at once, so each has a sender of its own.
      ...['10.91.1.1', '10.91.2.1', '10.91.3.1', '10.91.4.1', '8.8.8.8'].map((where, i) =>
        udp(on, on === 'local' ? '10.90.1.1' : `10.90.1.${i + 3}`, where),
      ),
      ...['fd91:1::1', 'fd91:2::1', 'fd91:3::1', 'fd99::1'].map((where) =>
        udp(on, on === 'local' ? 'fd90:1::1' : C6, where),
      ),
    ]),
  },
  {
    name: 'ip_forward 0',
    ...plain,
    ...setting('net.ipv4.ip_forward', 0, 1),
    packets: [
      udp('eth0', C, S),
      udp('eth0', C, '10.90.2.1'),
      udp('eth0', C, '99.99.99.99'),
      other(udp('p0', B, B2)),
    ],
  },
  {
    name: 'forwarding 0 on one interface',
    ...plain,
    ...setting('net.ipv4.conf.eth0.forwarding', 0, 1),
    packets: [udp('eth0', C, S), udp('eth1', S, C)],
  },
  {
    name: 'rp_filter strict and loose',
    ...plain,
    ...during(
      ['sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=2'],
      ['sysctl -qw net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0'],
    ),
    packets: [
      ...[C, '10.90.3.9', '8.8.8.8'].map((from) => udp('eth0', from, S)),
      udp('eth0', '10.90.3.9', '10.90.1.1'),
      ...['10.90.1.9', '8.8.4.4', '10.90.1.1'].map((from) => udp('eth1', from, B)),
    ],
  },
  {
    name: 'route_localnet',
    ...only4({
      nat: [
        '-A PREROUTING -p udp --dport 54 -j DNAT --to-destination 127.0.0.1',
        '-A OUTPUT -d 127.0.0.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.3.2:53',
        '-A POSTROUTING -o br0 -m addrtype --src-type LOCAL -j MASQUERADE',
      ],
    }),
    ...during(
      ['sysctl -qw net.ipv4.conf.eth0.route_localnet=1 net.ipv4.conf.br0.route_localnet=1'],
      ['sysctl -qw net.ipv4.conf.eth0.route_localnet=0 net.ipv4.conf.br0.route_localnet=0'],
    ),
    packets: [
      udp('eth0', C, '10.90.1.1', 5, 54),
      udp('eth1', S, '10.90.2.1', 5, 54),
      udp('eth0', C, '127.0.0.1', 5, 55),
      udp('eth0', '127.0.0.2', '10.90.1.1', 5, 55),
      udp('local', '127.0.0.1', '127.0.0.1', 5, 53),
    ],
  },
  {
    name: 'accept_local',
    ...plain,
    ...setting('net.ipv4.conf.eth0.accept_local', 1, 0),
    packets: [udp('eth0', '10.90.2.1', S), udp('eth0', '10.90.1.1', S), udp('eth1', '10.90.1.1', C)],
  },
  {
    name: 'MTU and DF',
    ...plain,
    ...during(['ip link set eth1 mtu 1300'], ['ip link set eth1 mtu 1500']),
    packets: [
      udp('eth0', C, S, 5, 1, { payload: 1400 }),
      udp('eth0', C, S, 5, 1, { payload: 1400, dontFragment: false }),
      udp('eth0', C6, S6, 5, 1, { payload: 1400 }),
      udp('eth0', C, S, 5, 1, { payload: 1000 }),
    ],
  },
  {
    name: 'MASQUERADE',
    ...both({ nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'] }),
    packets: [
      udp('eth0', C, S),
      udp('eth1', S, '10.90.2.1', 2000, 1000),
      udp('eth0', C, S),
      icmp('eth0', C, '8.8.8.8'),
      icmp('eth1', '8.8.8.8', '10.90.2.1', { icmpType: 0 }),
      tcp('eth0', C, S, [1, 2], 2),
      tcp('eth1', S, '10.90.2.1', [2, 1], 18, 0, 1),
      tcp('eth0', C, S, [9, 2], 18),
      udp('local', '10.90.1.1', S, 77, 78),
      udp('eth0', C6, S6),
      udp('eth1', S6, 'fd90:2::1', 2000, 1000),
      udp('eth1', S, C, 44, 45),
    ],
  },
  {
    name: 'MASQUERADE by next hop',
    ...only4({ nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'] }),
    ...during(
      [
        'ip addr add 10.90.22.1/24 dev eth1',
        'ip addr add 10.90.2.200/24 dev eth1',
        'ip neigh add 10.90.22.2 lladdr 02:aa:00:00:00:02 dev eth1 nud permanent',
        'ip route add 10.92.0.0/16 via 10.90.22.2 src 10.90.2.200',
      ],
      [
        'ip route del 10.92.0.0/16',
        'ip neigh del 10.90.22.2 dev eth1',
        'ip addr del 10.90.22.1/24 dev eth1',
        'ip addr del 10.90.2.200/24 dev eth1',
      ],
    ),
    packets: [
      udp('eth0', C, '10.90.22.2'),
      udp('eth0', C, '10.92.1.1'),
      udp('eth0', C, S),
      udp('local', '10.90.2.200', S, 77, 78),
    ],
  },
  {
    name: 'DNAT, REDIRECT, NETMAP and address ranges',
    ...only4({
      nat: [
        '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.3.2:5353',
        '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 54 -j DNAT --to-destination 127.0.0.1',
        '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 55 -j DNAT --to-destination 10.90.2.2-10.90.2.9',
        '-A PREROUTING -i eth0 -p tcp --dport 8080 -j REDIRECT --to-ports 80',
        '-A PREROUTING -d 10.95.0.0/16 -j NETMAP --to 10.90.0.0/16',
        '-A PREROUTING -p tcp --dport 9000:9009 -j DNAT --to-destination 10.90.2.2:7000-7001',
        '-A OUTPUT -d 127.0.0.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.3.2:53',
        '-A OUTPUT -d 10.90.2.77/32 -j DNAT --to-destination 10.90.1.2',
        '-A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 80',
        '-A INPUT -p udp --dport 99 -j SNAT --to-source 10.90.1.77',
        '-A POSTROUTING -s 10.90.3.0/24 -o eth1 -j SNAT --to-source 10.90.2.100-10.90.2.120',
      ],
    }),
    packets: [
      udp('eth0', C, '10.90.1.1', 1000, 53),
      udp('p0', B, C, 5353, 1000),
      udp('eth0', C, '10.90.1.1', 1000, 54),
      ...[2, 3, 4].map((host) => udp('eth0', `10.90.1.${host}`, '10.90.1.1', 1000, 55)),
      udp('local', '127.0.0.1', '127.0.0.1', 1000, 53),
      udp('local', '10.90.2.1', '10.90.2.77', 1000, 53),
      udp('p0', B, S, 5, 6),
      udp('p0', '10.90.3.5', S, 5, 6),
      udp('p0', '10.90.3.6', '8.8.8.8', 5, 6),
      udp('eth0', C, '10.95.2.2', 5, 6),
      udp('eth1', S, C, 6, 5),
      udp('p0', B, '10.90.1.1', 1000, 53),
      udp('p1', B2, '10.90.1.1', 1000, 53),
      tcp('eth0', C, S, [5, 8080], 2),
      tcp('local', '10.90.1.1', S, [6, 8080], 2),
      tcp('eth0', C, '9.9.9.9', [5, 9000], 2),
      tcp('eth0', C, '9.9.9.9', [6, 9000], 2),
      udp('eth0', C, '10.90.1.1', 5, 99),
      udp('eth0', C, '10.90.1.1', 6, 99),
    ],
  },
  {
    name: 'one port for many: collisions',
    ...only4({
      nat: [
        '-A POSTROUTING -o eth1 -p udp -j SNAT --to-source 10.90.2.1:5000',
        '-A POSTROUTING -o eth1 -p tcp -j SNAT --to-source 10.90.2.10',
      ],
    }),
    packets: [
      udp('eth0', C, S, 5, 1),
      udp('eth0', C, S, 6, 1),
      udp('eth0', C, S, 5, 2),
      tcp('eth0', C, S, [5, 2], 2),
      tcp('eth0', '10.90.1.3', S, [6, 2], 2),
      tcp('eth0', '10.90.1.3', S, [5, 2], 2),
    ],
  },
  {
    name: 'ICMP errors about translated packets',
    ...only4({
      nat: [
        '-A POSTROUTING -o eth1 -j MASQUERADE',
        '-A PREROUTING -d 10.90.1.1/32 -p udp --dport 53 -j DNAT --to-destination 10.90.2.2:5353',
      ],
    }),
    packets: [
      udp('eth0', C, S),
      error('eth1', S, '10.90.2.1', 3, 3, udp('eth0', '10.90.2.1', S)),
      error('eth1', '10.90.2.7', '10.90.2.1', 11, 0, udp('eth0', '10.90.2.1', S)),
      udp('eth0', C, '10.90.1.1', 7, 53),
      error('eth1', S, '10.90.2.1', 3, 3, udp('eth0', '10.90.2.1', S, 7, 5353)),
      error('eth1', '10.90.2.7', '10.90.2.1', 3, 3, udp('eth0', '10.90.2.1', S, 7, 5353)),
      error('eth1', S, '10.90.2.1', 5, 1, udp('eth0', '10.90.2.1', S, 7, 5353)),
      icmp('eth0', C, S),
      error('eth1', S, '10.90.2.1', 3, 1, icmp('eth0', '10.90.2.1', S)),
      udp('eth0', C, S, 7, 7, { ttl: 1 }),
      error('eth1', S, C, 3, 3, udp('eth0', C, S, 66, 66)),
      udp('eth0', C, '10.90.1.1', 8, 53, { ttl: 1 }),
    ],
  },
  {
    name: 'ICMP errors, and who they belong to',
    ...plain,
    packets: [
      udp('eth0', C, S),
      error('eth1', S, C, 3, 3, udp('eth0', C, S)),
      error('eth1', '10.90.2.9', C, 11, 0, udp('eth0', C, S)),
      error('eth0', C, S, 3, 3, udp('eth1', S, C, 2000, 1000)),
      error('eth1', S, '10.90.1.3', 3, 3, udp('eth0', C, S)),
      error('eth1', S, C, 3, 3, udp('eth0', C, S, 9, 9)),
      error('eth1', S, C, 5, 1, udp('eth0', C, S)),
      udp('eth0', C6, S6),
      error('eth1', S6, C6, 1, 4, udp('eth0', C6, S6)),
      error('eth1', 'fd90:2::9', C6, 3, 0, udp('eth0', C6, S6)),
      icmp('eth0', C, S),
      error('eth1', S, C, 3, 1, icmp('eth0', C, S)),
    ],
  },
  {
    name: 'ICMP types',
    ...plain,
    packets: [
      ...[0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30, 40, 42].map((icmpType) =>
        icmp('eth0', C, S, { icmpType, icmpId: icmpType }),
      ),
      ...[1, 2, 3, 4, 128, 129, 139, 140, 130, 131, 133, 135, 137, 143, 200].map((icmpType) =>
        icmp('eth0', C6, S6, { icmpType, icmpId: icmpType }),
      ),
    ],
  },
  {
    name: 'TCP flags of first packets',
    ...plain,
    packets: [0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 17, 18, 20, 24, 25, 32, 34, 41, 63, 66, 208, 56].map(
      (flags, i) => tcp('eth0', C, S, [100 + i, 80], flags, 5, 6),
    ),
  },
  {
    name: 'TCP connection and what doesn’t belong to it',
    ...plain,
    packets: [
      ...handshake,
      c(24, 1001, 5001, { payload: 100 }),
      s(16, 5001, 1101),
      s(24, 5001, 1101, { payload: 500 }),
      c(16, 1101, 5501),
      c(16, 1101, 5501),
      c(24, 900, 5501, { payload: 10 }),
      c(24, 200000, 5501, { payload: 10 }),
      c(16, 1101, 99999),
      s(16, 5501, 50),
      c(16, 1101, 5001),
      c(2, 777, 0),
      s(18, 888, 778),
      c(4, 99, 0),
      c(4, 1101, 0),
      s(16, 5501, 1101),
      c(2, 2000, 0),
      s(4, 5501, 1101),
    ],
  },
  {
    name: 'TCP close and reopen',
    ...plain,
    packets: [
      ...handshake,
      c(17, 1001, 5001),
      s(16, 5001, 1002),
      s(17, 5001, 1002),
      c(16, 1002, 5002),
      c(16, 1002, 5002),
      c(2, 9000, 0),
      s(18, 9500, 9001),
      c(16, 9001, 9501),
      s(17, 9501, 9001),
      c(17, 9001, 9502),
      s(16, 9502, 9002),
      c(4, 9002, 0),
    ],
  },
  {
    name: 'TCP refused, and refused again',
    ...plain,
    packets: [
      c(2, 1000, 0),
      s(20, 0, 1001),
      c(2, 1000, 0),
      s(20, 0, 1001),
      ...handshake,
      s(20, 5001, 1001),
      c(16, 1001, 5001),
      c(2, 3000, 0),
      s(18, 1, 3001),
    ],
  },
  {
    name: 'TCP picked up midstream; both sides open',
    ...plain,
    packets: [
      c(16, 100, 200),
      s(16, 200, 100),
      c(24, 100, 200, { payload: 1000 }),
      s(24, 200, 1100, { payload: 1000 }),
      c(17, 1100, 1200),
      s(17, 1200, 1101),
      tcp('eth0', C, S, [5, 6], 2, 1000),
      tcp('eth1', S, C, [6, 5], 2, 5000),
      tcp('eth0', C, S, [5, 6], 18, 1000, 5001),
      tcp('eth1', S, C, [6, 5], 18, 5000, 1001),
      tcp('eth0', C, S, [5, 6], 16, 1001, 5001),
    ],
  },
  {
    name: 'TCP without loose pickup',
    ...plain,
    ...setting('net.netfilter.nf_conntrack_tcp_loose', 0, 1),
    packets: [c(16, 100, 200), s(16, 200, 100), ...handshake],
  },
  {
    name: 'TCP windows',
    ...plain,
    packets: [
      ...handshake,
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((i) =>
        c(24, 1001 + (i - 1) * 10000, 5001, { payload: 1400, tcpWindow: 1000 }),
      ),
      s(16, 5001, 2401, { tcpWindow: 100 }),
      c(24, 80000, 5001, { payload: 10 }),
      s(24, 5001, 1001, { payload: 1400 }),
      s(24, 90000, 1001, { payload: 1400 }),
    ],
  },
  {
    name: 'SYN again',
    ...plain,
    packets: [
      c(2, 1000, 0),
      c(2, 1000, 0),
      c(2, 5000, 0),
      s(18, 1, 1001),
      c(16, 5001, 2),
      s(18, 1, 5001),
      c(16, 5001, 2),
      s(16, 2, 5001),
    ],
  },
  {
    name: 'broken headers, checksums and other protocols',
    ...plain,
    packets: [
      broken(udp('eth0', C, S), 25, 0xd8),
      broken(udp('eth0', C, S), 25, 0x14),
      broken(udp('eth0', C, S, 3, 4), 26, 0x55),
      broken(tcp('eth0', C, S, [5, 6], 2), 36, 0x55),
      broken(icmp('eth0', C, S), 22, 0x55),
      broken(udp('eth0', C, S), 10, 1),
      udp('eth0', C, S, 0, 0),
      tcp('eth0', C, S, [0, 0], 2),
      packet('eth0', C, S, { protocol: 50 }),
      packet('eth1', S, C, { protocol: 50 }),
      packet('eth0', C, S, { protocol: 50 }),
      packet('eth0', C, S, { protocol: 200 }),
      packet('eth0', C, S, { protocol: 2 }),
    ],
  },
  {
    name: 'fragments with connection tracking',
    ...plain,
    packets: [
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 0, 32, true, 77),
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 32, 40, false, 77),
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 32, 40, false, 78),
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 0, 32, true, 78),
      fragment(udp('eth0', C, '10.90.1.1', 5, 6, { payload: 64 }), 0, 32, true, 79),
      fragment(udp('eth0', C, '10.90.1.1', 5, 6, { payload: 64 }), 32, 40, false, 79),
    ],
  },
  {
    name: 'fragments without connection tracking',
    rules4: `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING\n-A PREROUTING -f\n-A PREROUTING -p udp --dport 6\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT\n-A INPUT -f\n-A INPUT -p udp --dport 6\n-A FORWARD\n-A FORWARD -f\n-A FORWARD -p udp --dport 6\n-A FORWARD -p udp\nCOMMIT\n`,
    rules6: '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
    packets: [
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 0, 32, true, 77),
      fragment(udp('eth0', C, S, 5, 6, { payload: 64 }), 32, 40, false, 77),
      fragment(udp('eth0', C, '10.90.1.1', 5, 6, { payload: 64 }), 0, 32, true, 79),
      fragment(udp('eth0', C, '10.90.1.1', 5, 6, { payload: 64 }), 32, 40, false, 79),
    ],
  },
  {
    name: 'marks and policy routing',
    ...both({
      mangle: [
        '-A PREROUTING -p udp --dport 1 -j MARK --set-mark 1',
        '-A OUTPUT -p udp --dport 1 -j MARK --set-mark 1',
        '-A FORWARD -p udp --dport 2 -j MARK --set-mark 1',
      ],
    }),
    ...during(
      [
        'ip rule add fwmark 1 lookup 100 pref 100',
        'ip route add default via 10.90.1.2 dev eth0 table 100',
        'ip -6 rule add fwmark 1 lookup 100 pref 100',
        'ip -6 route add default via fd90:1::2 dev eth0 table 100',
        'ip rule add iif br0 lookup 101 pref 101',
        'ip route add blackhole default table 101',
        'ip rule add tos 0x10 lookup 102 pref 102',
        'ip route add default via 10.90.1.3 dev eth0 table 102',
        'ip rule add from 10.90.1.30 lookup main suppress_prefixlength 0 pref 103',
        'ip rule add from 10.90.1.30 unreachable pref 104',
        'ip rule add to 10.90.2.20 ipproto udp dport 777 blackhole pref 105',
      ],
      [
        ...[100, 101, 102, 103, 104, 105].map((pref) => `ip rule del pref ${pref}`),
        'ip -6 rule del pref 100',
        'ip route flush table 100',
        'ip -6 route flush table 100',
        'ip route flush table 101',
        'ip route flush table 102',
      ],
    ),
    packets: [
      udp('eth1', S, '8.8.8.8', 5, 1),
      udp('eth1', S, '8.8.8.8', 5, 2),
      udp('eth0', C, '8.8.8.8', 5, 1),
      udp('local', '10.90.2.1', '8.8.8.8', 5, 1),
      udp('p0', B, '8.8.8.8'),
      udp('p0', B, '10.90.3.1'),
      udp('eth0', '10.90.1.30', '8.8.8.8'),
      udp('eth0', '10.90.1.30', S),
      udp('eth0', C, '10.90.2.20', 5, 777),
      udp('eth0', C, '10.90.2.20', 5, 778),
      udp('eth1', S6, 'fd99::1', 5, 1),
      udp('local', 'fd90:2::1', 'fd99::1', 5, 1),
      udp('eth0', C, '8.8.8.8', 9, 9, { tos: 0x10 }),
    ],
  },
  {
    name: 'chains, goto, REJECT and policies',
    rules4: counting(
      {
        filter: [
          ':A',
          ':B',
          ...[
            '-A FORWARD -p udp --dport 1 -j A',
            '-A FORWARD -p udp --dport 2 -g A',
            '-A FORWARD -p udp --dport 3 -j REJECT',
            '-A FORWARD -p tcp --dport 4 -j REJECT --reject-with tcp-reset',
            '-A FORWARD -p udp --dport 5 -j ACCEPT',
            '-A A -p udp --sport 9 -j RETURN',
            '-A A -p udp --sport 8 -j B',
            '-A A -j ACCEPT',
            '-A B -j DROP',
            '-A OUTPUT -p udp --dport 6 -j DROP',
            '-A OUTPUT -p udp --dport 7 -j REJECT',
          ],
        ],
      },
      ['filter FORWARD', 'filter INPUT'],
    ),
    rules6: counting({
      filter: [
        '-A FORWARD -p udp --dport 3 -j REJECT',
        '-A FORWARD -p tcp --dport 4 -j REJECT --reject-with tcp-reset',
      ],
    }),
    packets: [
      ...[1, 2, 3, 5, 6].flatMap((dport) => [8, 9, 10].map((sport) => udp('eth0', C, S, sport, dport))),
      tcp('eth0', C, S, [8, 4], 2),
      tcp('eth0', C, S, [8, 4], 4),
      udp('eth0', C6, S6, 8, 3),
      tcp('eth0', C6, S6, [8, 4], 2),
      udp('local', '10.90.1.1', S, 8, 6),
      udp('local', '10.90.1.1', S, 8, 7),
      other(udp('p0', B, B2, 8, 3)),
      other(tcp('p0', B, B2, [8, 4], 2)),
      udp('eth0', C, '10.90.1.1', 8, 3),
    ],
  },
  {
    name: 'notrack',
    ...only4({
      raw: ['-A PREROUTING -p udp --dport 1 -j CT --notrack', '-A OUTPUT -p udp --dport 1 -j CT --notrack'],
      nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'],
      filter: ['-A FORWARD -p udp --dport 1 --sport 9 -j REJECT'],
    }),
    packets: [
      udp('eth0', C, S, 5, 1),
      udp('eth0', C, S, 5, 2),
      udp('local', '10.90.1.1', S, 5, 1),
      udp('eth0', C, S, 9, 1),
    ],
  },
  {
    name: 'TTL, MSS and copies',
    ...only4({
      mangle: [
        '-A PREROUTING -p udp --dport 1 -j TTL --ttl-set 1',
        '-A FORWARD -p udp --dport 2 -j TTL --ttl-set 9',
        '-A POSTROUTING -p udp --dport 3 -j TTL --ttl-dec 5',
        '-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000',
        '-A FORWARD -p tcp',
        '-A PREROUTING -p udp --dport 4 -j TEE --gateway 10.90.1.9',
        '-A PREROUTING -p udp --dport 5 -j TEE --gateway 10.90.3.3',
      ],
    }),
    packets: [
      ...[1, 2, 3, 4, 5].map((dport) => udp('eth0', C, S, 5, dport)),
      udp('eth0', C, '10.90.1.1', 5, 1),
      udp('eth0', C, '10.90.1.1', 5, 5),
      tcp('eth0', C, S, [5, 1], 2),
      tcp('eth0', C, S, [6, 1], 2, 0, 0, { tcpMss: 1460 }),
    ],
  },
  {
    name: 'bridged, flooded and for the bridge',
    ...plain,
    packets: [
      other(udp('p0', B, B2)),
      other(udp('p1', B2, B)),
      broadcast(udp('p0', B, '10.90.3.255')),
      to(0x020000000099, udp('p0', B, '10.90.3.9')),
      udp('p0', B, '10.90.3.1'),
      other(udp('p0', 'fd90:3::2', 'fd90:3::3')),
      icmp('p0', 'fd90:3::2', 'fd90:3::1'),
      to(nearMac('p1'), udp('p0', B, '10.90.3.1')),
      to(nearMac('p1'), udp('p0', B, C)),
      to(nearMac('p0'), udp('p0', B, C)),
      to(0x01005e000001, udp('p0', B, '224.0.0.1')),
      other(udp('p0', '1.2.3.4', '5.6.7.8', 5, 6, { ttl: 1 })),
      to(farMac('p0'), udp('p0', B, B2)),
      udp('local', '10.90.3.1', '10.90.3.255'),
      udp('eth0', C, B),
    ],
  },
  {
    name: 'bridged without bridge-nf',
    ...plain,
    ...during(
      ['sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0'],
      ['sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1'],
    ),
    packets: [
      other(udp('p0', B, B2)),
      broadcast(udp('p0', B, '10.90.3.255')),
      to(0x020000000099, udp('p0', B, '10.90.3.9')),
      udp('p0', B, '10.90.3.1'),
      udp('p0', B, C),
      icmp('p0', 'fd90:3::2', 'fd90:3::1'),
    ],
  },
  {
    name: 'bridged and translated',
    ...only4({
      nat: [
        '-A PREROUTING -d 10.90.3.77/32 -j DNAT --to-destination 10.90.3.3',
        '-A PREROUTING -d 10.90.3.78/32 -j DNAT --to-destination 10.90.3.1',
        '-A PREROUTING -d 10.90.3.79/32 -j DNAT --to-destination 10.90.1.2',
        '-A PREROUTING -d 10.90.3.80/32 -j DNAT --to-destination 10.90.3.2',
        '-A POSTROUTING -d 10.90.3.3/32 -p udp --dport 7 -j SNAT --to-source 10.90.3.1',
      ],
    }),
    packets: [
      udp('p0', B, '10.90.3.77', 5, 6),
      other(udp('p0', B, '10.90.3.77', 6, 6)),
      other(udp('p1', B2, B, 6, 5)),
      ...['10.90.3.78', '10.90.3.79'].map((where) => other(udp('p0', B, where, 5, 6))),
      udp('p0', B, '10.90.3.80', 5, 6),
      other(udp('p0', B, B2, 5, 7)),
      udp('p1', B2, '10.90.3.1', 7, 5),
    ],
  },
  {
    name: 'a published port, as Docker writes it',
    ...only4({
      nat: [
        '-A POSTROUTING -s 10.90.3.0/24 ! -o br0 -j MASQUERADE',
        '-A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8080 -j DNAT --to-destination 10.90.3.2:80',
        '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -p tcp --dport 8080 -j DNAT --to-destination 10.90.3.2:80',
        '-A POSTROUTING -s 10.90.3.2/32 -d 10.90.3.2/32 -p tcp --dport 80 -j MASQUERADE',
      ],
    }),
    packets: [
      tcp('eth0', C, '10.90.1.1', [5, 8080], 2, 1),
      tcp('p0', B, C, [80, 5], 18, 9, 2),
      tcp('eth0', C, '10.90.1.1', [5, 8080], 16, 2, 10),
      tcp('p0', B, C, [80, 5], 24, 10, 2, { payload: 10 }),
      tcp('local', '10.90.1.1', '10.90.1.1', [6, 8080], 2, 1),
      tcp('p0', B, '10.90.3.1', [7, 8080], 2, 1),
      tcp('p1', B2, '10.90.3.1', [7, 8080], 2, 1),
      other(tcp('p0', B, B2, [80, 7], 18, 1, 2)),
      tcp('p0', B, S, [99, 98], 2),
    ],
  },
  {
    name: 'hairpin',
    ...only4({
      nat: [
        '-A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8080 -j DNAT --to-destination 10.90.3.2:80',
        '-A POSTROUTING -s 10.90.3.2/32 -d 10.90.3.2/32 -p tcp --dport 80 -j MASQUERADE',
      ],
    }),
    ...during(['bridge link set dev p0 hairpin on'], ['bridge link set dev p0 hairpin off']),
    packets: [tcp('p0', B, '10.90.3.1', [7, 8080], 2, 1), broadcast(udp('p0', B, '10.90.3.255'))],
  },
  {
    name: 'isolated ports',
    ...plain,
    ...during(
      ['bridge link set dev p0 isolated on', 'bridge link set dev p1 isolated on'],
      ['bridge link set dev p0 isolated off', 'bridge link set dev p1 isolated off'],
    ),
    packets: [other(udp('p0', B, B2)), udp('p0', B, '10.90.3.1'), broadcast(udp('p0', B, '10.90.3.255'))],
  },
];
