/** Packets that take a known walk, and the same rule by rule: the same steps, doubts, marks, verdicts and counters. */
import { describe, expect, it } from 'vitest';
import { createNet, type Net } from '../../src/netstack/net.ts';
import { printCounters } from '../../src/netstack/netfilter/counters.ts';
import { packetKey } from '../../src/netstack/netfilter/packet-key.ts';
import type { BaseChain } from '../../src/netstack/netfilter/tables.ts';
import type { TableVerdict, Walk } from '../../src/netstack/netfilter/verdict.ts';
import { viewOf } from '../../src/netstack/netfilter/view.ts';
import { treeOf, walkTable } from '../../src/netstack/netfilter/walk.ts';
import { buildSkb } from '../../src/skb/build.ts';
import type { Skb } from '../../src/skb/skb.ts';
import type { Hook, TableName } from '../../src/xtables/rule.ts';
import { Random } from '../conformance/random.ts';
import { ip, netnsOf } from './support/lab.ts';

interface Went {
  readonly told: readonly unknown[];
  readonly verdict: TableVerdict;
  readonly mark: number;
}

function baseOf(net: Net, hook: Hook, table: TableName): BaseChain {
  const entry = [...net.tables[4].hooks[hook], ...net.tables[4].nat[hook]].find(
    (each) => each.kind === 'table' && each.base.table.name === table,
  );
  if (entry?.kind !== 'table') throw new Error(`no chain ${hook} in ${table}`);
  return entry.base;
}

function walkOf(net: Net, base: BaseChain, skb: Skb, told: unknown[], known?: boolean): Walk {
  return {
    ...{ tables: net.tables[4], base, skb, view: viewOf(net, skb.time) },
    hooks: {
      step: (step) => void told.push(step),
      nat: (nat) => told.push(nat) > 0,
      tproxy: () => true,
      tee: () => {},
      decide: () => known,
      undecided: (of) => void told.push(of),
    },
  };
}

function go(net: Net, base: BaseChain, packet: Skb, known?: boolean): Went {
  const skb = { ...packet, bytes: packet.bytes.slice() };
  const told: unknown[] = [];
  const verdict = walkTable(walkOf(net, base, skb, told, known));
  return { told, verdict, mark: skb.mark };
}

/** How the walk ends that the tree has for a packet. */
function knownEnd(net: Net, base: BaseChain, skb: Skb, known?: boolean): string | undefined {
  const key = packetKey(skb, base.ruleset.backend);
  return key && treeOf(base).find(key, walkOf(net, base, skb, [], known))?.end.kind;
}

const CHAINS = ['ONE', 'TWO', 'THREE', 'FOUR'];
const CONDITIONS = [
  '',
  '-s 10.0.0.2/32',
  '! -s 10.0.0.0/31',
  '-d 192.0.2.0/24',
  '! -d 192.0.2.7/32',
  '-i eth+',
  '! -i eth0',
  '-p tcp -m tcp --dport 80',
  '-p tcp -m tcp --dport 80 --tcp-flags SYN,ACK SYN',
  '-p udp -m udp --dport 1:1023',
  '-p tcp -m tcp ! --sport 4000:4003',
  '-p tcp -m multiport --dports 80,443',
  '-m mark --mark 0x1/0x1',
  '-m mark ! --mark 0x2/0x3',
  '-m mark --mark 0x9/0x1',
  '-m conntrack --ctstate INVALID',
  '-m conntrack --ctstate NEW,ESTABLISHED',
  '-m addrtype --dst-type LOCAL',
  '-m statistic --mode random --probability 0.5',
  '-s 10.0.0.3/32 -m statistic --mode random --probability 0.25',
  '-m limit --limit 1/sec --limit-burst 3',
];
const TARGETS = {
  mangle: [
    'MARK --set-xmark 0x1/0x1',
    'MARK --set-xmark 0x2/0x0',
    'MARK --set-xmark 0x3/0x2',
    'TOS --set-tos 0x10/0xff',
  ],
  filter: [
    'REJECT --reject-with icmp-port-unreachable',
    'DROP',
    'LOG --log-prefix "x"',
    'MARK --set-xmark 0x1/0x1',
  ],
  nat: ['DNAT --to-destination 10.1.0.1:80', 'DNAT --to-destination 10.1.0.2', 'MARK --set-xmark 0x4/0x4'],
} as const;
const HOOK = { mangle: 'PREROUTING', filter: 'FORWARD', nat: 'PREROUTING' } as const;
type Kind = keyof typeof TARGETS;
const ALL: Readonly<Record<Kind, readonly string[]>> = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
};

function table(kind: Kind, rules: readonly string[]): string {
  const heads = ALL[kind].map((hook) => `:${hook} ACCEPT [0:0]`);
  return [`*${kind}`, ...heads, ...CHAINS.map((chain) => `:${chain} - [0:0]`), ...rules, 'COMMIT', ''].join(
    '\n',
  );
}

function randomTable(random: Random, kind: Kind): string {
  const rules: string[] = [];
  for (const [at, chain] of [HOOK[kind], ...CHAINS].entries()) {
    for (let i = random.below(at === 0 ? 20 : 6); i > 0; i--) {
      const target = random.pick([
        ...TARGETS[kind],
        'RETURN',
        'ACCEPT',
        ...CHAINS.slice(at),
        ...CHAINS.slice(at),
      ]);
      rules.push(`-A ${chain} ${random.pick(CONDITIONS)} -j ${target}`);
    }
  }
  return table(kind, rules);
}

function netns(iptables: string) {
  return netnsOf('host', { links: ['eth0 10.0.0.1/24', 'eth1 192.0.2.1/24'], iptables }, 1);
}

function randomSkb(random: Random, time: number): Skb {
  const isTcp = random.chance(0.7);
  const skb = buildSkb({
    source: ip(`10.0.0.${1 + random.below(3)}`),
    destination: ip(random.pick(['192.0.2.7', '192.0.2.8', '10.0.0.1'])),
    protocol: isTcp ? 6 : 17,
    sourcePort: 4000 + random.below(8),
    destinationPort: random.pick([53, 80, 443]),
    tcpFlags: random.pick([2, 16, 18]),
    time,
  });
  return { ...skb, in: random.pick(['eth0', 'wlan0']), mark: random.pick([0, 0, 1, 3]) };
}

describe('known walks', () => {
  const met = { known: 0, walked: 0 };

  it.each(Array.from({ length: 60 }, (_, i) => i + 1))('seed %i', (seed) => {
    const random = new Random(seed);
    const kind = random.pick<Kind>(['mangle', 'filter', 'nat']);
    const dumped = netns(randomTable(random, kind));
    const plain = createNet(dumped, undefined, undefined, Number.POSITIVE_INFINITY);
    const compiled = createNet(dumped, undefined, undefined, random.pick([1, 6, 12]));
    const base = baseOf(plain, HOOK[kind], kind);
    for (let i = 0; i < 120; i++) {
      const skb = randomSkb(random, 100 + i / 4);
      const evidence = random.chance(0.5) ? undefined : random.chance(0.5);
      if (knownEnd(compiled, base, skb, evidence)) met.known++;
      met.walked++;
      expect(go(compiled, base, skb, evidence)).toEqual(go(plain, base, skb, evidence));
    }
    expect(printCounters(compiled.tables[4])).toBe(printCounters(plain.tables[4]));
  });

  it('were most of them', () => expect(met.known).toBeGreaterThan(met.walked / 2));
});

describe('a packet behind another', () => {
  const skb = (to: string, port: number, more: Partial<Skb> = {}): Skb => ({
    ...buildSkb({
      ...{
        source: ip('10.0.0.9'),
        destination: ip(to),
        protocol: 6,
        sourcePort: 4000,
        destinationPort: port,
      },
    }),
    in: 'eth0',
    ...more,
  });

  it.each<[what: string, rules: readonly string[], second: Skb, end: string | undefined]>([
    ['of another port that nothing asks for', ['-d 192.0.2.7/32 -j DROP'], skb('192.0.2.7', 81), 'verdict'],
    ['of a port that a rule asks for', ['-p tcp -m tcp --dport 80 -j DROP'], skb('192.0.2.7', 81), undefined],
    [
      'of a mark that a rule changes',
      ['-j MARK --set-xmark 0x2/0xff', '-m mark --mark 0x2/0xf -j DROP'],
      skb('192.0.2.7', 80, { mark: 7 }),
      'verdict',
    ],
    [
      'of a mark of which a bit stays',
      ['-j MARK --set-xmark 0x2/0xe', '-m mark --mark 0x2/0xf -j DROP'],
      skb('192.0.2.7', 80, { mark: 1 }),
      undefined,
    ],
    [
      'from an interface of another name',
      ['-i eth+ -j DROP'],
      skb('192.0.2.7', 80, { in: 'eth1' }),
      'verdict',
    ],
    [
      'to a rule that remembers',
      ['-s 10.0.0.0/8 -m limit --limit 1/sec -j DROP'],
      skb('192.0.2.7', 80),
      'open',
    ],
    ['to a target that changes it', ['-s 10.0.0.0/8 -j TTL --ttl-inc 1'], skb('192.0.2.7', 80), 'open'],
    [
      'that the tables of routes are asked about',
      ['-m addrtype --dst-type LOCAL -j DROP'],
      skb('192.0.2.9', 80),
      'verdict',
    ],
    ['to an address of the host', ['-m addrtype --dst-type LOCAL -j DROP'], skb('192.0.2.1', 80), undefined],
  ])('%s', (_, rules, second, end) => {
    const dumped = netns(
      table(
        'mangle',
        rules.map((rule) => `-A PREROUTING ${rule}`),
      ),
    );
    const net = createNet(dumped);
    const base = baseOf(net, 'PREROUTING', 'mangle');
    go(net, base, skb('192.0.2.7', 80));
    expect(knownEnd(net, base, second)).toBe(end);
  });
});
