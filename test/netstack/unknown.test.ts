/** What can't be decided: both ways are tried, and the verdict is definite where they agree. */
import { describe, expect, it } from 'vitest';
import { probe } from '../../src/netstack/probe.ts';
import { ip, type NetnsSpec, network, way } from './support/lab.ts';

const ROUTER: NetnsSpec = {
  links: ['eth0 10.1.0.1/24', 'eth1 10.2.0.1/24'],
  sysctl: { 'net.ipv4.ip_forward': 1 },
};
const A: NetnsSpec = { links: ['eth0 10.1.0.2/24'], routes: 'default via 10.1.0.1 dev eth0', iptables: '' };
const B: NetnsSpec = {
  links: ['eth0 10.2.0.2/24'],
  routes: 'default via 10.2.0.1 dev eth0',
  iptables: '',
  ss: 'tcp LISTEN 0 9 0.0.0.0:80 0.0.0.0:*\n',
};

function send(r: Partial<NetnsSpec>, evidence?: boolean) {
  const { world } = network({ a: A, r: { ...ROUTER, ...r }, b: B }, ['a:eth0=r:eth0', 'r:eth1=b:eth0'], {
    ...(evidence === undefined ? {} : { evidence: { rule: () => evidence } }),
  });
  return probe(world, { from: 'a', to: ip('10.2.0.2'), protocol: 6, destinationPort: 80 }).there;
}
const filter = (rules: string, policy = 'ACCEPT', counters = '[0:0]') =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${policy} ${counters}\n:OUTPUT ACCEPT [0:0]\n:OTHER - [0:0]\n${rules}COMMIT\n`;
const SET = '-m set --match-set blocked src';

const CASES: readonly [name: string, iptables: string, way: string][] = [
  [
    'decides, and nothing says',
    filter(`-A FORWARD ${SET} -j DROP\n`),
    'a >eth0 > r eth0>eth1 > b eth0 = unknown delivered',
  ],
  [
    'decides, and nothing ever matched',
    filter(`[0:0] -A FORWARD ${SET} -j DROP\n`, 'ACCEPT', '[90:9000]'),
    'a >eth0 > r eth0>eth1 > b eth0 = unknown delivered',
  ],
  [
    'decides, and most of it matched',
    filter(`[900:90000] -A FORWARD ${SET} -j DROP\n`, 'ACCEPT', '[9:900]'),
    'a >eth0 > r eth0>eth1 = unknown dropped flt-ipset-ban',
  ],
  [
    'makes no difference: accepted anyway',
    filter(`-A FORWARD ${SET} -j ACCEPT\n`),
    'a >eth0 > r eth0>eth1 > b eth0 = delivered',
  ],
  [
    'makes no difference: dropped anyway',
    filter(`-A FORWARD ${SET} -j OTHER\n-A FORWARD -j DROP\n-A OTHER -p tcp -j DROP\n`),
    'a >eth0 > r eth0>eth1 = dropped flt-rule-drop',
  ],
  [
    'only returns',
    filter(`-A FORWARD -j OTHER\n-A OTHER ${SET} -j RETURN\n`),
    'a >eth0 > r eth0>eth1 > b eth0 = delivered',
  ],
  [
    'isn’t reached',
    filter(`-A FORWARD -p tcp -j ACCEPT\n-A FORWARD ${SET} -j DROP\n`),
    'a >eth0 > r eth0>eth1 > b eth0 = delivered',
  ],
  [
    'asks for another protocol first',
    filter(`-A FORWARD -p udp ${SET} -j DROP\n`),
    'a >eth0 > r eth0>eth1 > b eth0 = delivered',
  ],
  [
    'marks, and the mark decides',
    `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${SET} -j MARK --set-mark 1\nCOMMIT\n`,
    'a >eth0 > r eth0>eth1 > b eth0 = unknown delivered',
  ],
  [
    'an extension that nobody knows',
    filter('-A FORWARD -m frobnicate --level 7 -j DROP\n'),
    'a >eth0 > r eth0>eth1 > b eth0 = unknown delivered',
  ],
  [
    'many of them',
    filter(`-A FORWARD ${SET} -j OTHER\n`.repeat(40)),
    'a >eth0 > r eth0>eth1 > b eth0 = unknown delivered',
  ],
];

/** `unknown (delivered)` without the brackets. */
const plain = (text: string) => text.replace(/[()]/g, '');

describe('a rule that can’t be decided', () => {
  it.each(CASES)('%s', (_, iptables, expected) => {
    const trace = send({ iptables });
    expect(plain(way(trace))).toBe(expected);
    expect(trace.assumptions.length > 0).toBe(trace.verdict === 'unknown');
  });

  it('is decided by evidence', () => {
    const iptables = filter(`-A FORWARD ${SET} -j DROP\n`);
    expect(way(send({ iptables }, true))).toBe('a >eth0 > r eth0>eth1 = dropped flt-ipset-ban');
    expect(way(send({ iptables }, false))).toBe('a >eth0 > r eth0>eth1 > b eth0 = delivered');
  });

  it('is cited', () => {
    const [assumption] = send({ iptables: filter(`-A FORWARD ${SET} -j DROP\n`) }).assumptions;
    expect(assumption).toMatch(
      /^r: rule "-A FORWARD -m set --match-set blocked src -j DROP" \(r\/iptables-save line 6\) taken as not matching: .*ipset save/,
    );
  });
});

describe('what wasn’t dumped', () => {
  it('rules: taken as having none, and said', () => {
    const trace = send({});
    expect(way(trace)).toBe('a >eth0 > r eth0>eth1 > b eth0 = delivered');
    expect(trace.assumptions).toEqual(['r: no iptables-save; taken as without rules']);
  });

  it('ip_forward of a router: taken as on, and said', () => {
    const trace = send({ iptables: '', sysctl: {} });
    expect(way(trace)).toBe('a >eth0 > r eth0>eth1 > b eth0 = delivered');
    expect(trace.assumptions).toEqual(['r: net.ipv4.ip_forward was not dumped; taken as 1']);
  });
});
