import { describe, expect, it } from 'vitest';
import { derivedRoutes } from '../../src/snapshot/derived-routes.ts';
import { effectiveRoutes, effectiveRules } from '../../src/snapshot/effective-routes.ts';
import { KERNEL_SYSCTLS } from '../../src/snapshot/kernel-defaults.ts';
import { canonicalSysctl, sysctl } from '../../src/snapshot/sysctl.ts';
import { ipAddr, netnsOf, snapshotOf } from './dumps.ts';

function derived(family: 4 | 6, ...links: string[]): string[] {
  const netns = netnsOf(snapshotOf({ 'host/ip-addr.txt': ipAddr(...links) }).snapshot);
  return derivedRoutes(netns.links ?? [], family).map((route) => route.text);
}

// Recorded: `ip route show table all` after the same `ip addr add` commands.
describe('routes that the kernel makes of addresses', () => {
  it.each<[string, string[], string[]]>([
    [
      'the loopback',
      ['lo 127.0.0.1/8'],
      [
        'local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1',
        'local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1',
        'broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1',
      ],
    ],
    [
      'a subnet',
      ['d0 10.1.0.1/24'],
      [
        'local 10.1.0.1 dev d0 table local proto kernel scope host src 10.1.0.1',
        '10.1.0.0/24 dev d0 proto kernel scope link src 10.1.0.1',
        'broadcast 10.1.0.255 dev d0 table local proto kernel scope link src 10.1.0.1',
      ],
    ],
    [
      'a secondary address, whose routes carry the primary',
      ['d0 10.1.0.1/24 10.1.0.2/24s'],
      [
        'local 10.1.0.1 dev d0 table local proto kernel scope host src 10.1.0.1',
        '10.1.0.0/24 dev d0 proto kernel scope link src 10.1.0.1',
        'broadcast 10.1.0.255 dev d0 table local proto kernel scope link src 10.1.0.1',
        'local 10.1.0.2 dev d0 table local proto kernel scope host src 10.1.0.1',
      ],
    ],
    [
      'a /31, which has no broadcast',
      ['d0 10.4.0.1/31'],
      [
        'local 10.4.0.1 dev d0 table local proto kernel scope host src 10.4.0.1',
        '10.4.0.0/31 dev d0 proto kernel scope link src 10.4.0.1',
      ],
    ],
    [
      'a /32, which has no network',
      ['d0 10.4.1.1/32'],
      ['local 10.4.1.1 dev d0 table local proto kernel scope host src 10.4.1.1'],
    ],
    [
      'a link that is down',
      ['d0 down 10.1.0.1/24'],
      ['local 10.1.0.1 dev d0 table local proto kernel scope host src 10.1.0.1'],
    ],
  ])('%s', (_, links, expected) => {
    expect(derived(4, ...links)).toEqual(expected);
  });

  it('a peer, metric, noprefixroute, an explicit broadcast and a lost carrier', () => {
    const text = `3: d0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default qlen 1000
    link/ether ee:06:5b:99:89:14 brd ff:ff:ff:ff:ff:ff
    inet 10.3.0.1 peer 10.3.0.9/32 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.9.0.1/24 metric 77 brd 10.9.0.255 scope global d0
       valid_lft forever preferred_lft forever
    inet 10.9.1.1/24 scope global noprefixroute d0
       valid_lft forever preferred_lft forever
`;
    const netns = netnsOf(snapshotOf({ 'host/ip-addr.txt': text }).snapshot);
    expect(derivedRoutes(netns.links ?? [], 4).map((route) => route.text)).toEqual([
      'local 10.3.0.1 dev d0 table local proto kernel scope host src 10.3.0.1',
      '10.3.0.9 dev d0 proto kernel scope link src 10.3.0.1 linkdown',
      'local 10.9.0.1 dev d0 table local proto kernel scope host src 10.9.0.1',
      '10.9.0.0/24 dev d0 proto kernel scope link src 10.9.0.1 metric 77 linkdown',
      'broadcast 10.9.0.255 dev d0 table local proto kernel scope link src 10.9.0.1',
      'local 10.9.1.1 dev d0 table local proto kernel scope host src 10.9.1.1',
      'broadcast 10.9.1.255 dev d0 table local proto kernel scope link src 10.9.1.1',
    ]);
    expect(netns.links && derivedRoutes(netns.links, 4)[1]).toMatchObject({
      derived: true,
      span: { line: 3 },
    });
  });

  it('IPv6', () => {
    expect(derived(6, 'lo ::1/128', 'd0 fd00::1/64 fe80::1/64 fd03::1/128', 'd1 down fd09::1/64')).toEqual([
      'local ::1 dev lo table local proto kernel',
      'local fd00::1 dev d0 table local proto kernel',
      'fd00::/64 dev d0 proto kernel metric 256',
      'local fe80::1 dev d0 table local proto kernel',
      'fe80::/64 dev d0 proto kernel metric 256',
      'local fd03::1 dev d0 table local proto kernel',
      'fd03::1 dev d0 proto kernel metric 256',
      'multicast ff00::/8 dev d0 table local proto kernel metric 256',
    ]);
  });
});

describe('effective routes', () => {
  const addresses = { 'host/ip-addr.txt': ipAddr('lo 127.0.0.1/8', 'eth0 10.1.0.1/24') };
  const main = { 'host/ip-route.txt': '10.1.0.0/24 dev eth0 proto kernel scope link src 10.1.0.1\n' };
  const all = {
    'host/ip-route.txt':
      '10.1.0.0/24 dev eth0 proto kernel scope link src 10.1.0.1\nlocal 10.1.0.1 dev eth0 table local proto kernel scope host src 10.1.0.1\n',
  };
  const view = (files: Record<string, string>): Record<string, unknown> => {
    const { routes, isComplete, assumptions } = effectiveRoutes(netnsOf(snapshotOf(files).snapshot), 4);
    return {
      main: routes.filter((route) => route.table === 'main').map((route) => route.derived ?? false),
      local: routes.filter((route) => route.table === 'local').length,
      complete: ['main', 'local', '100'].filter(isComplete),
      assumed: assumptions.length,
    };
  };

  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    [
      'all tables dumped',
      { ...addresses, ...all },
      { main: [false], local: 1, complete: ['main', 'local', '100'], assumed: 0 },
    ],
    [
      'main and addresses',
      { ...addresses, ...main },
      { main: [false], local: 5, complete: ['main', 'local'], assumed: 0 },
    ],
    ['addresses alone', addresses, { main: [true], local: 5, complete: ['local'], assumed: 1 }],
    [
      'an empty dump of main',
      { ...addresses, 'host/ip-route.txt': '' },
      { main: [], local: 5, complete: ['main', 'local'], assumed: 0 },
    ],
    ['nothing', { 'host/ip-neigh.txt': '' }, { main: [], local: 0, complete: [], assumed: 2 }],
  ])('%s', (_, files, expected) => {
    expect(view(files)).toEqual(expected);
  });

  it('default rules', () => {
    const { rules, assumed } = effectiveRules(netnsOf(snapshotOf(addresses).snapshot), 4);
    expect(assumed).toBe(true);
    expect(rules.map((rule) => rule.text)).toEqual([
      '0: from all lookup local',
      '32766: from all lookup main',
      '32767: from all lookup default',
    ]);
  });
});

describe('sysctl', () => {
  const host = (text: string) =>
    netnsOf(snapshotOf({ 'host/sysctl.txt': text, 'host/ip-addr.txt': ipAddr('lo 127.0.0.1/8') }).snapshot);
  it.each<[string, string, string, string | undefined, boolean]>([
    ['as dumped', 'net.ipv4.ip_forward = 1', 'net.ipv4.ip_forward', '1', false],
    ['ip_forward is all.forwarding', 'net.ipv4.ip_forward = 1', 'net.ipv4.conf.all.forwarding', '1', false],
    ['and the other way', 'net.ipv4.conf.all.forwarding = 1', 'net.ipv4.ip_forward', '1', false],
    [
      'an interface follows all.forwarding',
      'net.ipv4.ip_forward = 1',
      'net.ipv4.conf.eth0.forwarding',
      '1',
      true,
    ],
    [
      'an interface follows default',
      'net.ipv4.conf.default.rp_filter = 2',
      'net.ipv4.conf.eth0.rp_filter',
      '2',
      true,
    ],
    [
      'all does not follow default',
      'net.ipv4.conf.default.rp_filter = 2',
      'net.ipv4.conf.all.rp_filter',
      '0',
      true,
    ],
    ['kernel default', 'net.ipv4.ip_forward = 1', 'net.netfilter.nf_conntrack_tcp_loose', '1', true],
    ['nobody knows', 'net.ipv4.ip_forward = 1', 'net.ipv4.no_such_thing', undefined, false],
    [
      'a VLAN device',
      'net.ipv4.conf.eth0/100.forwarding = 1',
      'net/ipv4/conf/eth0.100/forwarding',
      '1',
      false,
    ],
    [
      'br_netfilter loaded',
      'net.bridge.bridge-nf-call-iptables = 1',
      'net.bridge.bridge-nf-call-ip6tables',
      '1',
      true,
    ],
    ['br_netfilter not seen', 'net.ipv4.ip_forward = 1', 'net.bridge.bridge-nf-call-iptables', '0', true],
  ])('%s', (_, text, name, value, assumed) => {
    const found = sysctl(host(`${text}\n`), name);
    expect(found?.value).toBe(value);
    expect(found?.assumed !== undefined).toBe(assumed);
  });

  it('names are canonical', () => {
    expect(canonicalSysctl('net/ipv4/ip_forward')).toBe('net.ipv4.ip_forward');
    expect(canonicalSysctl('/proc/sys/net/ipv4/conf/eth0.7/rp_filter')).toBe(
      'net.ipv4.conf.eth0/7.rp_filter',
    );
    expect([...KERNEL_SYSCTLS().keys()].filter((name) => !name.startsWith('net.'))).toEqual([]);
  });
});
