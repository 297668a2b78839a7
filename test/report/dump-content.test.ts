import { describe, expect, it } from 'vitest';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { describeDump } from '../../src/report/records.ts';
import { contentLines } from '../../src/report/text/dump/content.ts';
import { styleOf } from '../../src/report/text/style.ts';

const style = styleOf({ width: 100, color: false });

/** What a command printed, and the lines that `show` makes of it. */
const rows: [name: string, text: string, lines: string[]][] = [
  [
    'ip addr',
    `2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue master br9 state UP group default
    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.4.0.2/24 brd 10.4.0.255 scope global eth0
       valid_lft forever preferred_lft forever
3: eth1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default
    link/ether 02:00:00:00:00:06 brd ff:ff:ff:ff:ff:ff
`,
    [
      '     interface           kind  state           mac                 mtu  addresses',
      '  2  eth0 (port of br9)        up              02:00:00:00:00:05  1450  10.4.0.2/24',
      '  3  eth1                      up, no carrier  02:00:00:00:00:06  1500',
    ],
  ],
  [
    'ip neigh',
    '10.4.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n10.4.0.9 dev eth0 FAILED\n',
    [
      '  address   interface  mac                state',
      '  10.4.0.1  eth0       02:00:00:00:00:01  REACHABLE',
      '  10.4.0.9  eth0                          FAILED',
    ],
  ],
  [
    'bridge fdb',
    '02:00:00:00:00:01 dev veth1 master br0\n33:33:00:00:00:01 dev br0 self permanent\n',
    [
      '  mac                port   bridge  vlan',
      '  02:00:00:00:00:01  veth1  br0',
      '  33:33:00:00:00:01  br0                  permanent self',
    ],
  ],
  [
    'ip route',
    'default via 10.4.0.1 dev eth0\n10.4.0.0/24 dev eth0 proto kernel scope link src 10.4.0.2\n',
    ['  default via 10.4.0.1 dev eth0', '  10.4.0.0/24 dev eth0 proto kernel scope link src 10.4.0.2'],
  ],
  [
    'ip rule',
    '0:\tfrom all lookup local\n100:\tfrom 10.4.0.0/24 lookup 7\n32766:\tfrom all lookup main\n',
    ['  0: from all lookup local', '  100: from 10.4.0.0/24 lookup 7', '  32766: from all lookup main'],
  ],
  [
    'ss',
    'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n' +
      'tcp   LISTEN 0      128        127.0.0.1:6379      0.0.0.0:*     users:(("redis-server",pid=77,fd=6))\n' +
      'udp   UNCONN 0      0               [::]:53           [::]:*\n',
    [
      '  protocol  state   local           peer  process',
      '  tcp       LISTEN  127.0.0.1:6379        redis-server (pid 77)',
      '  udp       UNCONN  [::]:53',
    ],
  ],
  [
    'conntrack -L',
    'tcp      6 431999 ESTABLISHED src=10.4.0.2 dst=192.0.2.5 sport=4000 dport=80 packets=5 bytes=300 ' +
      'src=192.0.2.5 dst=192.0.2.9 sport=80 dport=4000 packets=4 bytes=900 [ASSURED] use=1\n',
    [
      '  protocol  state        original                      reply                          packets',
      '  tcp       ESTABLISHED  10.4.0.2:4000 → 192.0.2.5:80  192.0.2.5:80 → 192.0.2.9:4000  5 / 4    ASSURED 431999 s',
    ],
  ],
  ['sysctl', 'net.ipv4.ip_forward = 1\n', ['  net.ipv4.ip_forward = 1']],
  [
    'iptables-save -c',
    '*filter\n:FORWARD DROP [12:900]\n:MINE - [0:0]\n[7:420] -A FORWARD -i br0 -j MINE\n[0:0] -A MINE -j ACCEPT\nCOMMIT\n',
    [
      '  filter FORWARD policy DROP  12 packets',
      '    1  7  -i br0 -j MINE',
      '  filter MINE',
      '    1  0  -j ACCEPT',
    ],
  ],
  [
    'docker network inspect',
    JSON.stringify([
      {
        Name: 'shop',
        Id: 'ab12'.repeat(16),
        Driver: 'bridge',
        Internal: true,
        IPAM: { Config: [{ Subnet: '172.19.0.0/16', Gateway: '172.19.0.1' }] },
        Containers: {},
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      },
    ]),
    [
      '  network  driver  bridge           subnets',
      '  shop     bridge  br-ab12ab12ab12  172.19.0.0/16 gateway 172.19.0.1  internal no icc',
    ],
  ],
  [
    'resolv.conf',
    'nameserver 10.4.0.1\nsearch lab.example\n',
    ['  nameserver  10.4.0.1', '  search      lab.example'],
  ],
];

describe('what show makes of', () => {
  it.each(rows)('%s', (name, text, lines) => {
    const dump = recogniseDump(name, text, name);
    expect(dump, name).toBeDefined();
    expect(dump ? contentLines(dump.content, style) : []).toEqual(lines);
  });
});

describe('records as JSON', () => {
  it('have addresses as text and the lines they were read from', () => {
    const dump = recogniseDump(
      'n.txt',
      '10.4.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\nfd00::9 dev eth0 FAILED\n',
    );
    expect(dump && describeDump(dump)).toEqual({
      kind: 'neighbours',
      neighbours: [
        {
          address: '10.4.0.1',
          dev: 'eth0',
          mac: '02:00:00:00:00:01',
          states: ['REACHABLE'],
          proxy: false,
          span: { path: 'n.txt', line: 1 },
        },
        {
          address: 'fd00::9',
          dev: 'eth0',
          states: ['FAILED'],
          proxy: false,
          span: { path: 'n.txt', line: 2 },
        },
      ],
    });
  });

  it('have rules with their numbers, as found and canonical', () => {
    const dump = recogniseDump('r.txt', '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p 6 -j DROP\nCOMMIT\n');
    expect(dump && describeDump(dump)).toMatchObject({
      kind: 'ruleset',
      ruleset: {
        family: 4,
        tables: [
          {
            name: 'filter',
            chains: [
              {
                name: 'FORWARD',
                policy: 'DROP',
                rules: [
                  {
                    number: 1,
                    text: '-A FORWARD -p 6 -j DROP',
                    canonical: '-A FORWARD -p tcp -j DROP',
                    span: { line: 3 },
                  },
                ],
              },
            ],
          },
        ],
      },
    });
  });

  it('have settings by name, also a name that JavaScript gives a meaning', () => {
    const dump = recogniseDump(
      's.txt',
      'net.ipv4.ip_forward = 1\nnet.core.somaxconn = 128\nkernel.__proto__ = 5\n',
    );
    const content = dump && JSON.parse(JSON.stringify(describeDump(dump)));
    expect(content).toMatchObject({ sysctls: { 'net.ipv4.ip_forward': { value: '1', span: { line: 1 } } } });
  });
});
