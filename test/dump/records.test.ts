import { describe, expect, it } from 'vitest';
import { printDump } from '../../src/dump/print.ts';
import type { Route, Socket } from '../../src/dump/records.ts';
import { parseIp } from '../../src/net/ip.ts';
import { parseMac } from '../../src/net/mac.ts';
import { parsePrefix } from '../../src/net/prefix.ts';
import { contentOf, read } from './same.ts';

const span = (line: number) => ({ path: 'x', line });

it('a backslash in a line of a table makes no route of another table', () => {
  const text =
    'local 10.7.0.1 dev lan0 proto kernel scope host src 10.7.0.1 \nbroadcast 10.7.0.255 dev lan0 proto kernel scope link src 1\\0.7.0.1 \n';
  const { content, issues } = read('x', text);
  expect(issues).toMatchObject([{ line: 2 }]);
  if (content.kind !== 'routes') throw new Error(content.kind);
  expect(content.dump4?.routes.map(({ type, table }) => [type, table])).toEqual([
    ['local', 'local'],
    ['broadcast', 'local'],
  ]);
});

describe('links', () => {
  const links = (text: string) => contentOf(read('x', text), 'links').links;

  it('of every shape', () => {
    const text = `1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
7: veth9@if6: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 9000 qdisc noqueue master br-green state LOWERLAYERDOWN group default
    link/ether 02:00:00:00:0a:07 brd ff:ff:ff:ff:ff:ff link-netnsid 3
    inet 10.8.0.1/16 metric 50 brd 10.8.255.255 scope global secondary dynamic noprefixroute veth9:x
       valid_lft 86sec preferred_lft 60sec
    inet6 fe80::7/64 scope link tentative dadfailed
       valid_lft forever preferred_lft forever
8: ppp0: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu 1492 qdisc fq state UNKNOWN group default qlen 3
    link/ppp
    inet 192.0.2.10 peer 192.0.2.1/32 scope global ppp0
       valid_lft forever preferred_lft forever
9: eth0.100@eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 02:00:00:00:0a:09 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 0 maxmtu 65535
    vlan protocol 802.1Q id 100 <REORDER_HDR> addrgenmode eui64 numtxqueues 1
10: tun1@NONE: <POINTOPOINT,UP> mtu 1480 qdisc noop state DOWN group default
    link/ipip 192.0.2.10 peer 192.0.2.20
`;
    expect(links(text)).toEqual([
      {
        index: 1,
        name: 'lo',
        flags: ['LOOPBACK'],
        mtu: 65536,
        qdisc: 'noop',
        operstate: 'DOWN',
        group: 'default',
        queueLength: 1000,
        linkType: 'loopback',
        addresses: [],
        span: span(1),
      },
      {
        index: 7,
        name: 'veth9',
        peerIndex: 6,
        peerNetnsid: 3,
        flags: ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP'],
        mtu: 9000,
        qdisc: 'noqueue',
        master: 'br-green',
        operstate: 'LOWERLAYERDOWN',
        group: 'default',
        linkType: 'ether',
        mac: parseMac('02:00:00:00:0a:07'),
        addresses: [
          {
            address: parseIp('10.8.0.1'),
            length: 16,
            metric: 50,
            broadcast: parseIp('10.8.255.255'),
            scope: 'global',
            secondary: true,
            flags: ['dynamic', 'noprefixroute'],
            label: 'veth9:x',
            validLifetime: 86,
            preferredLifetime: 60,
            span: span(5),
          },
          {
            address: parseIp('fe80::7'),
            length: 64,
            scope: 'link',
            secondary: false,
            flags: ['tentative', 'dadfailed'],
            validLifetime: 4294967295,
            preferredLifetime: 4294967295,
            span: span(7),
          },
        ],
        span: span(3),
      },
      expect.objectContaining({
        name: 'ppp0',
        linkType: 'ppp',
        addresses: [
          expect.objectContaining({
            address: parseIp('192.0.2.10'),
            peer: parseIp('192.0.2.1'),
            length: 32,
            flags: [],
          }),
        ],
      }),
      expect.objectContaining({
        name: 'eth0.100',
        peerName: 'eth0',
        kind: 'vlan',
        kindData: { protocol: '802.1Q', id: 100, flags: ['REORDER_HDR'] },
      }),
      expect.objectContaining({ name: 'tun1', linkType: 'ipip', flags: ['POINTOPOINT', 'UP'] }),
    ]);
    expect(links(text)[4]).not.toHaveProperty('peerName');
    expect(links(text)[4]).not.toHaveProperty('mac');
  });

  it('JSON: a veth whose peer is elsewhere, a port, counters', () => {
    const text = `[{},
{"ifindex":4,"link_index":2,"ifname":"veth4","flags":["UP"],"mtu":1500,"master":"br0","operstate":"UP","link_type":"ether",
 "address":"02:00:00:00:00:04","link_netnsid":1,
 "linkinfo":{"info_kind":"veth","info_slave_kind":"bridge","info_slave_data":{"state":"blocking","hairpin":true,"learning":false,"flood":true,"isolated":true}},
 "stats64":{"rx":{"bytes":10,"packets":2,"missed_errors":1},"tx":{"bytes":20,"collisions":3}},
 "addr_info":[{},
  {"family":"inet","local":"10.0.0.4","prefixlen":24,"scope":"global","dynamic":true,"label":"veth4"}]}]`;
    expect(links(text)).toMatchObject([
      {
        index: 4,
        peerIndex: 2,
        peerNetnsid: 1,
        kind: 'veth',
        master: 'br0',
        port: { state: 'blocking', hairpin: true, learning: false, flood: true, isolated: true },
        statistics: { rx_bytes: 10, rx_packets: 2, rx_missed_errors: 1, tx_bytes: 20, collisions: 3 },
        addresses: [{ address: parseIp('10.0.0.4'), length: 24, flags: ['dynamic'], span: span(7) }],
        span: span(2),
      },
    ]);
  });

  it('the name behind @ in bridge link is not believed', () => {
    const text =
      '3: pa@lan0: <UP> mtu 1500 master br0 state forwarding priority 32 cost 2\n5: pb state UP @if4: <UP> mtu 1500 master br0 state disabled priority 32 cost 2\n';
    const { ports } = contentOf(read('x', text), 'bridge-ports');
    expect(
      ports.map(({ name, peerName, peerIndex, port }) => [name, peerName, peerIndex, port?.state]),
    ).toEqual([
      ['pa', undefined, undefined, 'forwarding'],
      ['pb', undefined, 4, 'disabled'],
    ]);
    const json =
      '[{"ifindex":3,"link":"lan0","ifname":"pa","flags":[],"master":"br0","state":"forwarding"},{"ifindex":5,"link":"if4","ifname":"pb","flags":[],"master":"br0","state":"disabled"}]';
    expect(
      contentOf(read('x', json), 'bridge-ports').ports.map(({ peerName, peerIndex }) => [
        peerName,
        peerIndex,
      ]),
    ).toEqual([
      [undefined, undefined],
      [undefined, 4],
    ]);
  });

  it.each([
    ['1: a: <UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default\n', false],
    ['1: a: <UP> mtu 1500 qdisc noqueue state UP group default\n', true],
    ['1: a: <UP> mtu 1500 qdisc noqueue\n', false],
    ['$ ip addr\n1: a: <UP> mtu 1500 qdisc noqueue\n', true],
    ['1: a: <UP> mtu 1500 qdisc noqueue\n    inet 10.0.0.1/8 scope global a\n', true],
  ])('%j has addresses or says nothing of them', (text, withAddresses) => {
    expect(contentOf(read('x', text), 'links').withAddresses).toBe(withAddresses);
  });

  it('ifconfig, old and new', () => {
    const old = `eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:AA
          inet addr:10.0.0.1  Bcast:10.0.0.255  Mask:255.255.255.0
          inet6 addr: fe80::1/64 Scope:Link
          UP BROADCAST RUNNING MULTICAST  MTU:1400  Metric:1
          RX packets:6 errors:1 dropped:0 overruns:0 frame:0
          RX bytes:468 (468.0 B)  TX bytes:852 (852.0 B)

eth0:1    Link encap:Ethernet  HWaddr 02:00:00:00:00:AA
          inet addr:10.0.1.1  Bcast:10.0.1.255  Mask:255.255.254.0
          UP BROADCAST RUNNING MULTICAST  MTU:1400  Metric:1
`;
    const modern = `eth0: flags=4099<UP,BROADCAST,MULTICAST>  mtu 1400
        inet 10.0.0.1  netmask 255.255.255.0  broadcast 10.0.0.255
        inet6 fe80::1  prefixlen 64  scopeid 0x20<link>
        ether 02:00:00:00:00:aa  txqueuelen 1000  (Ethernet)
        RX packets 6  bytes 468 (468.0 B)
`;
    const [one, two] = [links(old)[0], links(modern)[0]];
    expect(links(old)).toHaveLength(1);
    expect(one).toMatchObject({
      mac: parseMac('02:00:00:00:00:aa'),
      mtu: 1400,
      flags: ['UP', 'BROADCAST', 'LOWER_UP', 'MULTICAST'],
    });
    expect(one?.statistics).toMatchObject({ rx_packets: 6, rx_errors: 1, rx_bytes: 468, tx_bytes: 852 });
    expect(one?.addresses.map(({ length, label, scope }) => [length, label, scope])).toEqual([
      [24, undefined, 'global'],
      [64, undefined, 'link'],
      [23, 'eth0:1', 'global'],
    ]);
    expect(two).toMatchObject({
      mac: parseMac('02:00:00:00:00:aa'),
      mtu: 1400,
      flags: ['NO-CARRIER', 'UP', 'BROADCAST', 'MULTICAST'],
    });
    expect(two?.addresses.map(({ length, scope }) => [length, scope])).toEqual([
      [24, 'global'],
      [64, 'link'],
    ]);
  });
});

describe('routes', () => {
  const routes = (text: string): readonly Route[] => {
    const { dump4, dump6 } = contentOf(read('x', text), 'routes');
    return [...(dump4?.routes ?? []), ...(dump6?.routes ?? [])];
  };
  const hop = (fields: object) => ({ weight: 1, flags: [], ...fields });

  it.each<[string, Partial<Route>]>([
    [
      'default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.5 metric 100',
      {
        metric: 100,
        protocol: 'dhcp',
        prefsrc: 0x0a000005,
        nexthops: [hop({ gateway: 0x0a000001, dev: 'eth0' })],
        destination: { address: 0, length: 0 },
      },
    ],
    [
      '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5 linkdown',
      { scope: 'link', flags: ['linkdown'], nexthops: [hop({ dev: 'eth0', flags: ['linkdown'] })] },
    ],
    ['10.1.2.3 dev eth0 scope link', { destination: { address: 0x0a010203, length: 32 } }],
    [
      'unreachable default dev lo metric 4294967295 error -101',
      { family: 6, type: 'unreachable', metric: 4294967295, attributes: { error: '-101' } },
    ],
    ['blackhole 10.0.0.0/8', { type: 'blackhole', nexthops: [] }],
    ['prohibit 10.0.0.0/8', { type: 'prohibit' }],
    ['throw 10.0.0.0/8 table 5', { type: 'throw', table: '5' }],
    [
      '10.0.0.0/8 via 192.0.2.1 dev e onlink',
      { flags: ['onlink'], nexthops: [hop({ gateway: 0xc0000201, dev: 'e', flags: ['onlink'] })] },
    ],
    [
      '10.0.0.0/8 via inet6 fe80::1 dev e',
      { family: 4, nexthops: [hop({ gateway: parseIp('fe80::1') as bigint, dev: 'e' })] },
    ],
    [
      '10.0.0.0/8 dev e mtu lock 1400 advmss 1360',
      { mtu: 1400, mtuLocked: true, attributes: { advmss: '1360' } },
    ],
    ['10.0.0.0/8 dev e table 254', { table: 'main' }],
    ['10.0.0.0/8 dsfield 0x10 dev e', { tos: 16 }],
    [
      '2001:db8::/32 from 2001:db8:1::/48 via fe80::1 dev e metric 1024 pref high',
      { family: 6, metric: 1024, attributes: { from: '2001:db8:1::/48', pref: 'high' } },
    ],
    [
      'fe80::/64 dev e proto kernel metric 256 expires 8997sec pref medium',
      { attributes: { expires: '8997', pref: 'medium' } },
    ],
  ])('%s', (text, fields) => {
    const [route, ...others] = routes(`192.0.2.0/24 dev other scope link\n${text}\n`).filter(
      ({ span: { line } }) => line === 2,
    );
    // The line before would make it IPv4; those that say nothing are read alone.
    const alone = fields.family === 6 ? routes(text)[0] : route;
    expect(others).toEqual([]);
    expect(alone).toMatchObject({ ...fields, text });
  });

  it('multipath, in lines of their own and in one', () => {
    const nexthops = [
      hop({ gateway: parseIp('10.0.0.1'), dev: 'a', weight: 2 }),
      hop({ dev: 'b', flags: ['dead', 'linkdown'] }),
    ];
    for (const text of [
      'default proto static \n\tnexthop via 10.0.0.1 dev a weight 2 \n\tnexthop dev b weight 1 dead linkdown \n',
      'default proto static \\\tnexthop via 10.0.0.1 dev a weight 2 \\\tnexthop dev b weight 1 dead linkdown \n',
      '[{"dst":"default","protocol":"static","flags":[],"nexthops":[{"gateway":"10.0.0.1","dev":"a","weight":2,"flags":[]},{"dev":"b","weight":1,"flags":["dead","linkdown"]}]}]',
    ]) {
      expect(routes(text)).toMatchObject([{ protocol: 'static', nexthops, flags: [] }]);
    }
  });

  it.each<[string, string, unknown]>([
    ['a dump of main', 'default via 10.0.0.1 dev e\n10.0.0.0/8 dev e scope link\n', { dump4: 'main' }],
    [
      'one of all tables',
      'default via 10.0.0.1 dev e\nlocal 10.0.0.2 dev e table local proto kernel scope host src 10.0.0.2\n',
      { dump4: 'all' },
    ],
    [
      'both families',
      'default via 10.0.0.1 dev e\ndefault via fe80::1 dev e\n',
      { dump4: 'main', dump6: 'main' },
    ],
    [
      'IPv6 alone',
      'fe80::/64 dev e proto kernel metric 256\ndefault dev tun0 metric 1024\n',
      { dump6: 'main' },
    ],
    [
      'one table, by its command',
      '$ ip route show table 5\ndefault via 10.0.0.1 dev e\n',
      { dump4: 'listed' },
    ],
    [
      'the local table, by what it holds',
      'broadcast 10.0.0.255 dev e proto kernel scope link\nlocal 10.0.0.2 dev e proto kernel scope host\n',
      { dump4: 'listed' },
    ],
    ['nothing, of IPv6', '$ ip -6 route\n', { dump6: 'main' }],
    ['nothing, of all tables', '$ ip route show table all\n', { dump4: 'all', dump6: 'all' }],
  ])('speaks for its tables: %s', (_, text, covers) => {
    const { dump4, dump6 } = contentOf(read('x', text), 'routes');
    expect({
      ...(dump4 ? { dump4: dump4.covers } : {}),
      ...(dump6 ? { dump6: dump6.covers } : {}),
    }).toEqual(covers);
  });

  it('an empty dump of one table speaks for that table', () => {
    expect(contentOf(read('x', '$ ip route show table 100\n'), 'routes').dump4).toEqual({
      routes: [],
      covers: 'listed',
      tables: ['100'],
    });
  });

  it('those of another table by the command are in that table', () => {
    expect(
      routes('$ ip route show table 100\ndefault via 10.0.0.1 dev e\n').map(({ table }) => table),
    ).toEqual(['100']);
    expect(routes('local 10.0.0.2 dev e proto kernel scope host\n').map(({ table }) => table)).toEqual([
      'local',
    ]);
  });

  it('a gateway that cannot be read loses the route', () => {
    const dump = read('x', '10.0.0.0/8 dev e\ndefault via gateway.example dev e\n');
    expect(contentOf(dump, 'routes').dump4?.routes).toHaveLength(1);
    expect(dump.issues).toMatchObject([{ line: 2 }]);
  });

  it('a dump of which nothing could be read is not an empty one', () => {
    const dump = read('x', 'default via one\ndefault via two\n', 'ip-route.txt');
    expect(contentOf(dump, 'routes')).toEqual({ kind: 'routes', family: 4 });
    expect(dump.issues).toHaveLength(2);
  });

  it('route -n', () => {
    const text = `Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.0.1        0.0.0.0         UG    7      0        0 eth0
10.0.0.0        0.0.0.0         255.255.254.0   U     0      0        0 eth0
10.9.0.0        -               255.255.0.0     !     0      -        0 -
default         _gateway        0.0.0.0         UG    202    0        0 eth1
`;
    const dump = read('x', text);
    expect(contentOf(dump, 'routes').dump4).toMatchObject({
      covers: 'main',
      routes: [
        {
          destination: { address: 0, length: 0 },
          metric: 7,
          nexthops: [hop({ gateway: 0x0a000001, dev: 'eth0' })],
        },
        { destination: { address: 0x0a000000, length: 23 }, nexthops: [hop({ dev: 'eth0' })] },
        { type: 'unreachable', destination: { address: 0x0a090000, length: 16 }, nexthops: [] },
      ],
    });
    expect(dump.issues).toMatchObject([{ line: 6 }]);
  });
});

describe('rules', () => {
  const rules = (text: string, hint?: string) => contentOf(read('x', text, hint), 'ip-rules');

  it('have every selector', () => {
    const text = `100:	not from 10.0.0.0/8 to 192.0.2.1 tos 0x10 fwmark 0x1/0xff iif a [detached] oif b uidrange 5-6 ipproto udp sport 7 dport 8-9 lookup 254 suppress_prefixlength 0
101:	from all goto 200 [unresolved]
102:	from all lookup [l3mdev-table]
103:	from all tun_id 5 prohibit
`;
    expect(rules(text).rules).toMatchObject([
      {
        family: 4,
        priority: 100,
        invert: true,
        source: parsePrefix('10.0.0.0/8'),
        destination: parsePrefix('192.0.2.1/32'),
        tos: 16,
        fwmark: { mark: 1, mask: 255 },
        iif: 'a',
        oif: 'b',
        uids: { min: 5, max: 6 },
        protocol: 17,
        sourcePorts: { min: 7, max: 7 },
        destinationPorts: { min: 8, max: 9 },
        suppressPrefixLength: 0,
        action: { kind: 'lookup', table: 'main' },
        span: span(1),
      },
      { action: { kind: 'goto', priority: 200 } },
      { l3mdev: true },
      { unsupported: ['tun_id 5'], action: { kind: 'prohibit' } },
    ]);
  });

  it.each<[string, string, string | undefined, 4 | 6]>([
    [
      'IPv4 has a default table',
      '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
      undefined,
      4,
    ],
    ['IPv6 has none', '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n', undefined, 6],
    [
      'an address decides',
      '0:\tfrom all lookup local\n5:\tfrom 10.0.0.1 lookup 5\n32766:\tfrom all lookup main\n',
      'ip6-rule.txt',
      4,
    ],
    ['then the name', '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n', 'ip-rule.txt', 4],
    [
      'the command before the name',
      '$ ip -6 rule\n0:\tfrom all lookup local\n32766:\tfrom all lookup main\n',
      'ip-rule.txt',
      6,
    ],
    ['a single rule', '5:\tfrom all fwmark 0x1 lookup 5\n', undefined, 4],
  ])('family: %s', (_, text, hint, family) => {
    expect(rules(text, hint)).toMatchObject({
      family,
      rules: [{ family }, ...rules(text, hint).rules.slice(1)],
    });
  });
});

describe('neighbours', () => {
  it('of every kind', () => {
    const text = `$ ip neigh show dev eth0
10.0.0.2 lladdr 02:00:00:00:00:02 REACHABLE
10.0.0.3 dev eth1  FAILED
10.0.0.4 dev eth1 lladdr 02:00:00:00:00:04 ref 1 used 1/2/3 probes 4 DELAY
10.0.0.5 dev eth1 proxy
fe80::6 dev eth1 lladdr 02:00:00:00:00:06 router STALE
`;
    const { neighbours } = contentOf(read('x', text), 'neighbours');
    expect(neighbours.map(({ dev, mac, states, proxy }) => [dev, mac, states, proxy])).toEqual([
      ['eth0', 0x020000000002, ['REACHABLE'], false],
      ['eth1', undefined, ['FAILED'], false],
      ['eth1', 0x020000000004, ['DELAY'], false],
      ['eth1', undefined, [], true],
      ['eth1', 0x020000000006, ['STALE'], false],
    ]);
  });

  it('/proc/net/arp and arp -n', () => {
    const proc =
      'IP address       HW type     Flags       HW address            Mask     Device\n10.0.0.2         0x1         0x2         02:00:00:00:00:02     *        eth0\n10.0.0.3         0x1         0x0         00:00:00:00:00:00     *        eth0\n10.0.0.4         0x1         0x6         02:00:00:00:00:04     *        eth0\n';
    const table =
      'Address                  HWtype  HWaddress           Flags Mask            Iface\n10.0.0.2                 ether   02:00:00:00:00:02   C                     eth0\n10.0.0.3                         (incomplete)                              eth0\n10.0.0.4                 ether   02:00:00:00:00:04   CM                    eth0\n';
    for (const text of [proc, table]) {
      expect(
        contentOf(read('x', text), 'neighbours').neighbours.map(({ mac, states }) => [mac, states]),
      ).toEqual([
        [0x020000000002, ['STALE']],
        [undefined, ['INCOMPLETE']],
        [0x020000000004, ['PERMANENT']],
      ]);
    }
  });
});

describe('sysctls', () => {
  it.each([
    ['net.ipv4.ip_forward = 1', 'net.ipv4.ip_forward', '1'],
    ['- net.ipv4.ip_forward = 1', 'net.ipv4.ip_forward', '1'],
    ['net/ipv4/ip_forward = 1', 'net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.eth0/100.rp_filter = 2', 'net.ipv4.conf.eth0/100.rp_filter', '2'],
    ['net/ipv4/conf/eth0.100/rp_filter = 2', 'net.ipv4.conf.eth0/100.rp_filter', '2'],
    ['/proc/sys/net/ipv4/conf/eth0.100/rp_filter:2', 'net.ipv4.conf.eth0/100.rp_filter', '2'],
    ['/proc/sys/net/ipv4/ip_forward = 0', 'net.ipv4.ip_forward', '0'],
    ['cat /proc/sys/net/ipv4/ip_forward\n1', 'net.ipv4.ip_forward', '1'],
    ['$ cat /proc/sys/net/ipv4/ip_forward\n1', 'net.ipv4.ip_forward', '1'],
    ['root@x:~# cat /proc/sys/net/ipv4/ip_forward\n1\nroot@x:~# ', 'net.ipv4.ip_forward', '1'],
    ['==> /proc/sys/net/ipv4/ip_forward <==\n1', 'net.ipv4.ip_forward', '1'],
    ['net.ipv4.tcp_rmem = 4096\t131072\t6291456', 'net.ipv4.tcp_rmem', '4096\t131072\t6291456'],
    ['net.ipv4.ip_local_reserved_ports = ', 'net.ipv4.ip_local_reserved_ports', ''],
    [
      'sysctl: permission denied on key "net.x"\n# a comment\n; another\nnet.core.somaxconn = 1',
      'net.core.somaxconn',
      '1',
    ],
  ])('%j', (text, name, value) => {
    const dump = read('x', text);
    expect(dump.issues).toEqual([]);
    expect([...contentOf(dump, 'sysctls').sysctls].map(([key, setting]) => [key, setting.value])).toEqual([
      [name, value],
    ]);
  });

  it('several files printed one after the other', () => {
    const text =
      '$ cat /proc/sys/net/ipv4/ip_forward\n1\n$ cat /proc/sys/net/ipv4/conf/all/rp_filter\n0\n# cat /proc/sys/net/core/somaxconn\n128\n';
    const { sysctls } = contentOf(read('x', text), 'sysctls');
    expect(
      [...sysctls].map(
        ([
          name,
          {
            value,
            span: { line },
          },
        ]) => [name, value, line],
      ),
    ).toEqual([
      ['net.ipv4.ip_forward', '1', 2],
      ['net.ipv4.conf.all.rp_filter', '0', 4],
      ['net.core.somaxconn', '128', 6],
    ]);
  });
});

describe('sockets', () => {
  const HEADER = 'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n';
  const sockets = (text: string): readonly Socket[] => contentOf(read('x', text), 'sockets').sockets;

  it.each<[string, Partial<Socket>]>([
    [
      'tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:* users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))',
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: 0x7f000001,
        family: 4,
        port: 80,
        process: 'nginx',
        pid: 7,
        receiveQueue: 0,
        sendQueue: 128,
      },
    ],
    ['tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:*', { family: 4, port: 80 }],
    ['tcp LISTEN 0 128 [::]:80 [::]:*', { family: 6, port: 80 }],
    ['tcp LISTEN 0 128 *:80 *:*', { family: 'both', port: 80 }],
    ['udp UNCONN 0 0 0.0.0.0%eth0:67 0.0.0.0:*', { protocol: 'udp', family: 4, device: 'eth0', port: 67 }],
    [
      'udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:*',
      { family: 6, device: 'eth0', port: 546, address: parseIp('fe80::1') as bigint },
    ],
    [
      'tcp ESTAB 0 36 [::ffff:10.0.0.1]:22 [::ffff:10.0.0.9]:4242 timer:(on,1sec)',
      { family: 4, address: 0x0a000001, port: 22, sendQueue: 36, peer: { address: 0x0a000009, port: 4242 } },
    ],
    ['tcp LISTEN 0 128 0.0.0.0:ssh 0.0.0.0:*', { port: 22 }],
    ['tcp LISTEN 0 1 [::]:9 [::]:* ino:1 sk:2 v6only:1 <->', { family: 6 }],
    ['raw UNCONN 0 0 0.0.0.0:icmp 0.0.0.0:*', { protocol: 'raw', port: 1 }],
  ])('%s', (line, fields) => {
    const text = `${HEADER}${line}\ntcp LISTEN 0 1 0.0.0.0:1 0.0.0.0:*\n`;
    const dump = read('x', text);
    expect(dump.issues).toEqual([]);
    expect(sockets(text)[0]).toMatchObject({ ...fields, span: span(2) });
    if (!('address' in fields)) expect(sockets(text)[0]).not.toHaveProperty('address');
  });

  it('before iproute2 4.17 * is IPv4 and :: is both', () => {
    const text = `Netid State      Recv-Q Send-Q    Local Address:Port    Peer Address:Port
tcp   LISTEN     0      128               *:22                  *:*      users:(("sshd",884,3))
tcp   LISTEN     0      128              :::22                 :::*      users:(("sshd",884,4))
tcp   LISTEN     0      128       127.0.0.1:25                  *:*
`;
    expect(sockets(text).map(({ family, pid }) => [family, pid])).toEqual([
      [4, 884],
      ['both', 884],
      [4, undefined],
    ]);
  });

  it.each([
    ['State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 1 127.0.0.1:80 0.0.0.0:*\n', 'tcp'],
    ['State Recv-Q Send-Q Local Address:Port Peer Address:Port\nUNCONN 0 1 127.0.0.1:53 0.0.0.0:*\n', 'udp'],
    [
      '$ ss -nu state established\nRecv-Q Send-Q Local Address:Port Peer Address:Port\n0 0 127.0.0.1:53 127.0.0.1:9\n',
      'udp',
    ],
  ])('without a Netid column: %j', (text, protocol) => {
    expect(sockets(text)[0]?.protocol).toBe(protocol);
  });

  it('others than internet sockets are left out', () => {
    const text = `${HEADER}nl UNCONN 0 0 rtnl:kernel *\nu_str LISTEN 0 128 /run/x.sock 123 * 0\ntcp LISTEN 0 1 0.0.0.0:1 0.0.0.0:*\n`;
    expect(read('x', text).issues).toEqual([]);
    expect(sockets(text)).toHaveLength(1);
  });

  it('netstat: an IPv6 socket takes IPv4 too unless an IPv4 one is beside it', () => {
    const text = `Active Internet connections (only servers)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      7/sshd: /usr/sbin/s
tcp6       0      0 :::22                   :::*                    LISTEN      7/sshd: /usr/sbin/s
tcp6       0      0 :::80                   :::*                    LISTEN      -
udp        0      0 10.0.0.1:53             0.0.0.0:*                           9/dnsmasq
tcp        0      0 10.0.0.1:80             10.0.0.2:4000           TIME_WAIT   -
Active UNIX domain sockets (only servers)
unix  2      [ ACC ]     STREAM     LISTENING     21    1/init    /run/x
`;
    expect(read('x', text).issues).toEqual([]);
    expect(sockets(text).map(({ family, state, process, pid }) => [family, state, process, pid])).toEqual([
      [4, 'LISTEN', 'sshd: /usr/sbin/s', 7],
      [6, 'LISTEN', 'sshd: /usr/sbin/s', 7],
      ['both', 'LISTEN', undefined, undefined],
      [4, 'UNCONN', 'dnsmasq', 9],
      [4, 'TIME-WAIT', undefined, undefined],
    ]);
  });

  it('ss -tunape --inet-sockopt tells marks and which sockets are transparent', () => {
    const text = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
udp   UNCONN 0      0            0.0.0.0:53        0.0.0.0:*    users:(("p",pid=7,fd=5)) ino:12 sk:1 cgroup:/ <->
\tinet-sockopt: ( mc_loop mc_all)
tcp   ESTAB  0      0        203.0.113.9:82      10.90.1.2:1001 users:(("p",pid=7,fd=7)) ino:13 sk:7 fwmark:0x9 cgroup:/ <->
\tinet-sockopt: ( is_icsk mc_loop transparent mc_all)
tcp   LISTEN 0      4                  *:90              *:*
`;
    expect(read('x', text).issues).toEqual([]);
    expect(sockets(text).map(({ transparent, mark }) => [transparent, mark])).toEqual([
      [false, 0],
      [true, 9],
      [undefined, undefined],
    ]);
  });
});

describe('conntrack', () => {
  it('entries of every protocol, with NAT', () => {
    const text = `tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=4000 dport=8080 packets=3 bytes=165 src=192.0.2.66 dst=192.0.2.1 sport=80 dport=1024 packets=2 bytes=120 [ASSURED] mark=7 zone=3 use=1 id=99
ipv4     2 icmp     1 28 src=10.0.0.9 dst=192.0.2.2 type=8 code=0 id=77 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 type=0 code=0 id=77 mark=0 use=1 id=100
ipv6     10 udp      17 5 src=fd00::1 dst=fd00::2 sport=1 dport=2 src=fd00::2 dst=fd00::1 sport=2 dport=1 mark=0 zone-orig=4 use=1
unknown  2 598 src=10.0.0.1 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=10.0.0.1 mark=0 use=1
tcp      6 src=10.0.0.9 dst=10.0.0.1 sport=1 dport=2 src=10.0.0.1 dst=10.0.0.9 sport=2 dport=1 [OFFLOAD] mark=0 use=2
conntrack v1.4.7 (conntrack-tools): 5 flow entries have been shown.
`;
    const dump = read('x', text);
    expect(dump.issues).toEqual([]);
    const { entries } = contentOf(dump, 'conntrack');
    expect(entries).toMatchObject([
      {
        timeout: 431999,
        span: span(1),
        entry: {
          id: 99,
          original: {
            family: 4,
            protocol: 6,
            source: 0x0a000009,
            sourcePort: 4000,
            destinationPort: 8080,
            zone: 3,
          },
          reply: {
            source: 0xc0000242,
            destination: 0xc0000201,
            sourcePort: 80,
            destinationPort: 1024,
            zone: 3,
          },
          mark: 7,
          tcpState: 'ESTABLISHED',
          seenReply: true,
          assured: true,
          srcNat: true,
          dstNat: true,
          packets: { original: 3, reply: 2 },
          bytes: { original: 165, reply: 120 },
        },
      },
      {
        entry: {
          id: 100,
          original: { protocol: 1, sourcePort: 77, destinationPort: 8 << 8 },
          reply: { sourcePort: 77, destinationPort: 0 },
          seenReply: false,
          srcNat: true,
          dstNat: false,
        },
      },
      { entry: { original: { family: 6, zone: 4 }, reply: { zone: 0 }, srcNat: false, dstNat: false } },
      { entry: { original: { protocol: 2, sourcePort: 0, destinationPort: 0 } } },
      { timeout: 0, entry: { assured: false } },
    ]);
  });
});

describe('Docker', () => {
  it('a container of today', () => {
    const text = `[
  {
    "Id": "61ab742e6379944714a711fd775956dda44894fd754f997052efcb4a96290733",
    "Name": "/web",
    "State": {"Running": true, "Pid": 4321},
    "HostConfig": {"NetworkMode": "green", "Dns": ["10.0.0.53"], "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "0"}]}},
    "NetworkSettings": {
      "SandboxKey": "/var/run/docker/netns/61ab742e6379",
      "Ports": {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
        "443/tcp": null
      },
      "Networks": {
        "green": {"NetworkID": "aa", "IPAddress": "172.30.0.2", "IPPrefixLen": 16, "Gateway": "172.30.0.1", "MacAddress": "02:42:ac:1e:00:02", "GlobalIPv6Address": "fd00::2"},
        "none": {"NetworkID": "", "IPAddress": "", "Gateway": "", "MacAddress": ""}
      }
    }
  }
]`;
    const dump = read('x', text);
    expect(contentOf(dump, 'containers').containers).toEqual([
      {
        id: '61ab742e6379944714a711fd775956dda44894fd754f997052efcb4a96290733',
        name: 'web',
        pid: 4321,
        running: true,
        networkMode: 'green',
        sandboxKey: '/var/run/docker/netns/61ab742e6379',
        endpoints: [
          {
            network: 'green',
            networkId: 'aa',
            address: parseIp('172.30.0.2'),
            length: 16,
            gateway: parseIp('172.30.0.1'),
            address6: parseIp('fd00::2'),
            mac: parseMac('02:42:ac:1e:00:02'),
          },
          { network: 'none' },
        ],
        published: [
          { protocol: 'tcp', containerPort: 80, hostPort: 8080, span: span(10) },
          { protocol: 'udp', containerPort: 53, hostAddress: 0x7f000001, hostPort: 5353, span: span(11) },
        ],
        dns: ['10.0.0.53'],
        span: span(2),
      },
    ]);
  });

  it('a container of Docker 1.8, which knew one network, stopped', () => {
    const text =
      '{"Id": "0123456789abcdef", "Name": "/old", "State": {"Running": false, "Pid": 0, "Error": "Bind for 10.0.0.1:81 failed: port is already allocated"}, "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "10.0.0.1", "HostPort": "81"}]}}, "NetworkSettings": {"IPAddress": "172.17.0.5", "IPPrefixLen": 16, "Gateway": "172.17.0.1", "MacAddress": "02:42:ac:11:00:05", "Ports": {}}}';
    const [container] = contentOf(read('x', text), 'containers').containers;
    expect(container).toMatchObject({
      running: false,
      startError: { text: 'Bind for 10.0.0.1:81 failed: port is already allocated', span: span(1) },
      networkMode: 'default',
      endpoints: [{ network: 'bridge', address: parseIp('172.17.0.5'), length: 16 }],
      published: [{ protocol: 'tcp', containerPort: 80, hostAddress: 0x0a000001, hostPort: 81 }],
      dns: [],
    });
    expect(container).not.toHaveProperty('pid');
  });

  it('networks', () => {
    const text = `[{"Name": "bridge", "Id": "af573bf2c358c7db", "Driver": "bridge", "Internal": false,
  "IPAM": {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}, {"Subnet": "fd00::/64"}]}, "Options": {"com.docker.network.bridge.name": "docker0"}},
 {"Name": "closed", "Id": "0123456789abcdef", "Driver": "bridge", "Internal": true, "IPAM": {"Config": null},
  "Options": {"com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "false"}},
 {"Name": "host", "Id": "99", "Driver": "host", "IPAM": {"Config": []}, "Options": null}]`;
    expect(contentOf(read('x', text), 'docker-networks').networks).toMatchObject([
      {
        bridge: 'docker0',
        internal: false,
        icc: true,
        masquerade: true,
        subnets: [
          { subnet: parsePrefix('172.17.0.0/16'), gateway: parseIp('172.17.0.1') },
          { subnet: parsePrefix('fd00::/64') },
        ],
        span: span(1),
      },
      {
        bridge: 'br-0123456789ab',
        internal: true,
        icc: false,
        masquerade: false,
        subnets: [],
        span: span(3),
      },
      { driver: 'host', span: span(5) },
    ]);
  });
});

describe('nft', () => {
  const chains = (text: string) =>
    contentOf(read('x', text), 'nft').ruleset.tables.flatMap((table) =>
      table.chains.map(({ name, base, rules, span: place }) => ({
        family: table.family,
        table: table.name,
        name,
        ...base,
        ruleCount: rules.length,
        iptables: table.iptables,
        span: place,
      })),
    );
  const CHAIN = (name: string, line: string, rules: string) =>
    `\tchain ${name} {\n\t\t${line}\n${rules}\t}\n`;
  const COUNTED = '\t\tip saddr 10.0.0.1 counter packets 0 bytes 0 accept\n';

  it.each<[string, string, boolean]>([
    [
      'as iptables-nft makes it',
      `table ip filter {\n${CHAIN('INPUT', 'type filter hook input priority filter; policy drop;', COUNTED)}}\n`,
      true,
    ],
    [
      'with user chains',
      `table ip6 nat {\n${CHAIN('POSTROUTING', 'type nat hook postrouting priority srcnat; policy accept;', COUNTED)}\tchain OWN {\n${COUNTED}\t}\n}\n`,
      true,
    ],
    [
      'of another family',
      `table inet filter {\n${CHAIN('INPUT', 'type filter hook input priority filter; policy drop;', COUNTED)}}\n`,
      false,
    ],
    [
      'of another name',
      `table ip mine {\n${CHAIN('INPUT', 'type filter hook input priority filter; policy drop;', COUNTED)}}\n`,
      false,
    ],
    [
      'with a chain by hand',
      `table ip filter {\n${CHAIN('input', 'type filter hook input priority filter; policy drop;', COUNTED)}}\n`,
      false,
    ],
    [
      'at another priority',
      `table ip filter {\n${CHAIN('INPUT', 'type filter hook input priority filter + 1; policy drop;', COUNTED)}}\n`,
      false,
    ],
    [
      'with a rule that does not count',
      `table ip filter {\n${CHAIN('INPUT', 'type filter hook input priority 0; policy drop;', '\t\ttcp dport 22 accept\n')}}\n`,
      false,
    ],
    [
      'with a set',
      `table ip filter {\n\tset s {\n\t\ttype ipv4_addr\n\t}\n${CHAIN('INPUT', 'type filter hook input priority 0; policy drop;', COUNTED)}}\n`,
      false,
    ],
    [
      'by its own word',
      `# Warning: table ip filter is managed by iptables-nft, do not touch!\ntable ip filter {\n${CHAIN('INPUT', 'type filter hook input priority 0; policy drop;', '\t\txt match "x"\n')}}\n`,
      true,
    ],
  ])('a table %s', (_, text, iptables) => {
    expect(chains(text).map((chain) => chain.iptables)).toEqual(chains(text).map(() => iptables));
  });

  it('counts rules, not the lines they are printed on', () => {
    const text = `table inet t {
	map m {
		type ipv4_addr : verdict
		elements = { 10.0.0.1 : drop,
			     10.0.0.2 : jump c }
	}
	chain c { # handle 1
		type filter hook prerouting priority mangle - 5; policy accept;
		ip saddr { 10.0.0.1, 10.0.0.2,
			   10.0.0.3 } drop # handle 2
		tcp dport vmap { 22 : accept, 23 : drop } # a comment with {
		meta mark 1 accept comment "odd { brace"
	}
	chain d { type nat hook output priority -100; }
}
table bridge b {
	chain e {
		type filter hook forward priority filter; policy drop;
	}
}
`;
    expect(read('x', text).issues).toEqual([]);
    expect(chains(text)).toMatchObject([
      {
        family: 'inet',
        table: 't',
        name: 'c',
        hook: 'prerouting',
        type: 'filter',
        priority: -155,
        policy: 'accept',
        ruleCount: 3,
        iptables: false,
        span: span(7),
      },
      { name: 'd', hook: 'output', type: 'nat', priority: -100, ruleCount: 0 },
      { family: 'bridge', table: 'b', name: 'e', priority: -200, policy: 'drop', ruleCount: 0 },
    ]);
  });
});

describe('the rest', () => {
  it('bridge fdb', () => {
    const text = `02:00:00:00:00:01 dev veth1 vlan 5 master br0
02:00:00:00:00:02 dev veth1 master br0 permanent
33:33:00:00:00:01 dev eth0 self permanent
02:00:00:00:00:03 dev vx0 dst 192.0.2.9 via eth0 self
`;
    expect(contentOf(read('x', text), 'fdb').entries).toEqual([
      {
        mac: 0x020000000001,
        dev: 'veth1',
        vlan: 5,
        master: 'br0',
        permanent: false,
        self: false,
        span: span(1),
      },
      { mac: 0x020000000002, dev: 'veth1', master: 'br0', permanent: true, self: false, span: span(2) },
      { mac: 0x333300000001, dev: 'eth0', permanent: true, self: true, span: span(3) },
      {
        mac: 0x020000000003,
        dev: 'vx0',
        remote: parseIp('192.0.2.9'),
        permanent: false,
        self: true,
        span: span(4),
      },
    ]);
  });

  it.each([
    [
      'port              vlan-id  \nbr0               1 PVID Egress Untagged\nveth1             1 Egress Untagged\n                  10 PVID\n                  20-22\nveth2             None\n',
    ],
    [
      'port\tvlan ids\nbr0\t 1 PVID Egress Untagged\n\nveth1\t 1 Egress Untagged\n\t 10 PVID\n\t 20-22\n\nveth2\tNone\n',
    ],
    [
      '[{"ifname":"br0","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]}]},{"ifname":"veth1","vlans":[{"vlan":1,"flags":["Egress Untagged"]},{"vlan":10,"flags":["PVID"]},{"vlan":20,"vlanEnd":22}]}]',
    ],
    [
      '{"br0":[{"vlan":1,"flags":["PVID","Egress Untagged"]}],"veth1":[{"vlan":1,"flags":["Egress Untagged"]},{"vlan":10,"flags":["PVID"]},{"vlan":20,"vlanEnd":22}]}',
    ],
  ])('bridge vlan %j', (text) => {
    const dump = read('x', text);
    expect(dump.issues).toEqual([]);
    expect(
      contentOf(dump, 'bridge-vlans').vlans.map(({ dev, vid, pvid, untagged }) => [dev, vid, pvid, untagged]),
    ).toEqual([
      ['br0', 1, true, true],
      ['veth1', 1, false, true],
      ['veth1', 10, true, false],
      ['veth1', 20, false, false],
      ['veth1', 21, false, false],
      ['veth1', 22, false, false],
    ]);
  });

  it('brctl show', () => {
    const text =
      'bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr0\t\t8000.0242ac110001\tyes\t\tveth1\n\t\t\t\t\t\t\tveth2\nbr1\t\t8000.000000000000\tno\t\t\n';
    expect(contentOf(read('x', text), 'bridges').bridges).toEqual([
      { name: 'br0', stp: true, ports: ['veth1', 'veth2'], line: 2 },
      { name: 'br1', stp: false, ports: [], line: 4 },
    ]);
  });

  it('ps in its choices of columns', () => {
    const ef =
      'UID        PID  PPID  C STIME TTY          TIME CMD\nroot        70     1  0 09:12 ?        00:00:00 docker-proxy  -proto tcp\n';
    const aux =
      'USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nroot        70  0.2  0.0  49780 18796 ?        Ss   Nov20   0:05 docker-proxy  -proto tcp\n';
    const busybox = 'PID   USER     TIME  COMMAND\n   70 root      0:00 docker-proxy  -proto tcp\n';
    for (const [text, parent] of [
      [ef, 1],
      [aux, undefined],
      [busybox, undefined],
    ] as const) {
      const { processes } = contentOf(read('x', text), 'processes');
      expect(processes).toEqual([
        {
          pid: 70,
          ...(parent === undefined ? {} : { parent }),
          user: 'root',
          command: 'docker-proxy  -proto tcp',
          span: span(2),
        },
      ]);
    }
  });

  it('counters', () => {
    const { counters } = contentOf(
      read('x', '#kernel\nIpInAddrErrors 3 0.0\nTcpExtListenDrops 4 0.0\n'),
      'counters',
    );
    expect([...counters]).toEqual([
      ['IpInAddrErrors', { value: 3, span: span(2) }],
      ['TcpExtListenDrops', { value: 4, span: span(3) }],
    ]);
  });

  it('conntrack -S', () => {
    const text = 'cpu=0   \tfound=4 insert_failed=2 drop=2 \ncpu=1   \tfound=0 insert_failed=1 drop=0 \n';
    const { cpus } = contentOf(read('x', text), 'conntrack-stats');
    expect(
      cpus.map(({ cpu, counters }) => [cpu, ...[...counters].map(([name, { value }]) => [name, value])]),
    ).toEqual([
      [0, ['found', 4], ['insert_failed', 2], ['drop', 2]],
      [1, ['found', 0], ['insert_failed', 1], ['drop', 0]],
    ]);
    expect(printDump({ kind: 'conntrack-stats', cpus })).toBe(text);
  });

  it('netstat -s', () => {
    const text = `Ip:
    Forwarding: 1
    3 with invalid addresses
    1 dropped because of missing route
Icmp:
    ICMP input histogram:
        destination unreachable: 6
Tcp:
TcpExt:
    5 times the listen queue of a socket overflowed
    IPReversePathFilter: 2
Udp6:
    9 packets to unknown port received
`;
    const { counters } = contentOf(read('x', text), 'counters');
    expect(
      [...counters].map(
        ([
          name,
          {
            value,
            span: { line },
          },
        ]) => [name, value, line],
      ),
    ).toEqual([
      ['IpForwarding', 1, 2],
      ['IpInAddrErrors', 3, 3],
      ['IpOutNoRoutes', 1, 4],
      ['IcmpInDestUnreachs', 6, 7],
      ['TcpExtListenOverflows', 5, 10],
      ['TcpExtIPReversePathFilter', 2, 11],
      ['Udp6NoPorts', 9, 13],
    ]);
  });

  it('resolver files', () => {
    const resolver = (text: string) => contentOf(read('x', text), 'resolver').resolver;
    expect(
      resolver(
        '# made by hand\ndomain a.example\nsearch b.example c.example\nnameserver 10.0.0.53\nnameserver fe80::1%eth0\noptions ndots:5\n',
      ),
    ).toEqual({
      search: ['b.example', 'c.example'],
      nameservers: [
        { address: 0x0a000035, span: span(4) },
        { address: parseIp('fe80::1'), span: span(5) },
      ],
    });
    expect(
      resolver('127.0.0.1\tlocalhost lo # me\n#10.0.0.9 gone\n10.0.0.5 db db.example\n::1 ip6-localhost\n'),
    ).toEqual({
      hosts: [
        { address: 0x7f000001, names: ['localhost', 'lo'], span: span(1) },
        { address: 0x0a000005, names: ['db', 'db.example'], span: span(3) },
        { address: 1n, names: ['ip6-localhost'], span: span(4) },
      ],
    });
    expect(
      resolver('passwd: files systemd\nhosts:          files mdns4_minimal [NOTFOUND=return] dns\n'),
    ).toEqual({
      order: { services: ['files', 'mdns4_minimal', '[NOTFOUND=return]', 'dns'], span: span(2) },
    });
  });

  it('iptables-save: family and backend by header, by content, by name', () => {
    const rulesetOf = (text: string, hint?: string) => contentOf(read('x', text, hint), 'ruleset').ruleset;
    const table = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n';
    expect(rulesetOf(`# Generated by ip6tables-save v1.8.9 (nf_tables) on x\n${table}`)).toMatchObject({
      family: 6,
      backend: 'nft',
    });
    expect(rulesetOf(table)).toMatchObject({ family: 4 });
    expect(rulesetOf(table, 'ip6tables-save.txt')).toMatchObject({ family: 6 });
    expect(
      rulesetOf(`# Generated by iptables-save v1.8.9 (nf_tables) on x\n${table}`, 'ip6tables-save.txt'),
    ).toMatchObject({ family: 4 });
    expect(rulesetOf(table, 'iptables-legacy-save.txt')).toMatchObject({ family: 4, backend: 'legacy' });
    expect(rulesetOf(`$ sudo ip6tables-save -c\n${table}`)).toMatchObject({ family: 6 });
    expect(rulesetOf(`${table}*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n`).tables.size).toBe(2);
    const [rule] =
      rulesetOf(`$ sudo iptables-save\n${table}`).tables.get('filter')?.chains.get('INPUT')?.rules ?? [];
    expect(rule?.span).toEqual(span(4));
  });
});
