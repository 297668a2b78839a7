/** Rules that can't be decided, tried until two ways part, and every way to its end: the same is said of both. */
import { describe, expect, it } from 'vitest';
import { buildSkb } from '../../src/skb/build.ts';
import { Random } from '../conformance/random.ts';
import { ip, type NetnsSpec, network } from './support/lab.ts';

const CHAINS = ['ONE', 'TWO', 'THREE', 'FOUR'];

/** Jumps lead to later chains only. */
function rule(random: Random, table: 'nat' | 'mangle' | 'filter', at: number): string {
  const below = CHAINS.slice(at + 1);
  const conditions = [
    '',
    '-m statistic --mode random --probability 0.5',
    '-m statistic --mode random --probability 0.3333',
    '-p tcp -m tcp --dport 80',
    '-p tcp -m tcp --dport 1:1023 -m statistic --mode random --probability 0.25',
    '-m mark --mark 0x1/0x1',
    '-m mark ! --mark 0x2/0x2',
    '-m connmark --mark 0x4/0x4',
    '-s 10.0.0.2/32',
    '! -d 192.0.2.0/24',
    '-i eth+ -m limit --limit 2/sec --limit-burst 2',
    '-m recent --name seen --update',
    '-m statistic --mode nth --every 2 --packet 0',
    '-m conntrack --ctstate NEW',
  ];
  const targets = [
    ...(table === 'nat'
      ? [
          'DNAT --to-destination 10.1.0.1:80',
          'DNAT --to-destination 10.1.0.2:80',
          'DNAT --to-destination 10.1.0.1:80',
        ]
      : [
          'MARK --set-xmark 0x1/0x1',
          'MARK --set-xmark 0x3/0x2',
          'TOS --set-tos 0x10/0xff',
          'CONNMARK --set-xmark 0x4/0x4',
        ]),
    ...(table === 'filter' ? ['REJECT --reject-with icmp-port-unreachable', 'DROP', 'ACCEPT'] : []),
    'RETURN',
    'ACCEPT',
    ...below,
    ...below,
  ];
  const of = targets.filter((target) => table === 'mangle' || !/^(TOS|CONNMARK)/.test(target));
  const counters = random.chance(0.5) ? `[${random.below(50)}:${random.below(5000)}] ` : '';
  const chain = at < 0 ? 'PREROUTING' : (CHAINS[at] ?? '');
  const name = table === 'filter' && at < 0 ? 'FORWARD' : chain;
  return `${counters}-A ${name} ${random.pick(conditions)} -j ${random.pick(of)}`.replaceAll('  ', ' ');
}

function table(random: Random, name: 'nat' | 'mangle' | 'filter'): string {
  const hooks =
    name === 'filter' ? ['INPUT', 'FORWARD', 'OUTPUT'] : ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'];
  const all = name === 'mangle' ? [...hooks, 'FORWARD'] : hooks;
  const lines = [
    `*${name}`,
    ...all.map((hook) => `:${hook} ACCEPT [9:900]`),
    ...CHAINS.map((chain) => `:${chain} - [0:0]`),
  ];
  for (let at = -1; at < CHAINS.length; at++) {
    for (let i = random.below(at < 0 ? 16 : 5); i > 0; i--) lines.push(rule(random, name, at));
  }
  return [...lines, 'COMMIT', ''].join('\n');
}

describe('unknown rules', () => {
  const met = { doubts: 0, undecided: 0 };

  it.each(Array.from({ length: 24 }, (_, i) => i + 1))('seed %i', (seed) => {
    const random = new Random(seed);
    const spec: NetnsSpec = {
      links: ['eth0 10.0.0.1/24', 'eth1 192.0.2.1/24'],
      routes: 'default via 192.0.2.254 dev eth1',
      sysctl: { 'net.ipv4.ip_forward': 1 },
      iptables: table(random, 'mangle') + table(random, 'nat') + table(random, 'filter'),
    };
    const [plain, quick] = [Number.POSITIVE_INFINITY, 6].map(
      (indexFrom) => network({ host: spec }, [], { respond: true, indexFrom }).world,
    );
    for (let i = 0; i < 30; i++) {
      const skb = buildSkb({
        source: ip(`10.0.0.${2 + random.below(2)}`),
        destination: ip(random.pick(['192.0.2.7', '198.51.100.1', '10.0.0.1'])),
        protocol: random.chance(0.8) ? 6 : 17,
        sourcePort: 4000 + random.below(8),
        destinationPort: random.pick([80, 443, 5000]),
        tcpFlags: 2,
        time: 100 + i / 4,
      });
      const at = { namespace: 'host', name: 'eth0' };
      const trace = plain?.receive(at, skb);
      expect(quick?.receive(at, skb)).toEqual(trace);
      met.doubts +=
        trace?.hops.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'unknown').length ?? 0;
      met.undecided += trace?.verdict === 'unknown' ? 1 : 0;
    }
    expect(quick?.counters('host')).toBe(plain?.counters('host'));
  });

  it('were met, and some made a difference', () => {
    expect(met.doubts).toBeGreaterThan(met.undecided * 2);
    expect(met.undecided).toBeGreaterThan(50);
  });
});
