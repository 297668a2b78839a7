/** Differences that were found, tried on this machine's kernel: their packets go through a router with the rules of either state. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compareTables } from '../../src/difference/compare.ts';
import { rulesOnly } from '../../src/difference/rule-replay.ts';
import { packetOf } from '../../src/difference/sample-packet.ts';
import { createNet } from '../../src/netstack/net.ts';
import { type Sample, sampleOf, usualBits } from '../../src/symbolic/sample.ts';
import type { Space } from '../../src/symbolic/space.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { isPossible } from '../conformance/kernel/lab.ts';
import { Bench } from '../netstack/bench/bench.ts';

const PAIRS: readonly (readonly [name: string, before: readonly string[], after: readonly string[]])[] = [
  [
    'ports, one by one and as a range',
    [
      '-A FORWARD -p tcp -m tcp --dport 80:90 -j ACCEPT',
      '-A FORWARD -p udp -m multiport --dports 53,67 -j ACCEPT',
    ],
    [
      '-A FORWARD -p tcp -m tcp --dport 80:88 -j ACCEPT',
      '-A FORWARD -p udp -m udp --dport 53 -j ACCEPT',
      '-A FORWARD -p sctp -m sctp --dport 80 -j ACCEPT',
    ],
  ],
  [
    'both ports inverted, which nft compares as one',
    ['-A FORWARD -p tcp -m tcp ! --sport 1000 ! --dport 80 -j ACCEPT'],
    ['-A FORWARD -p tcp -m tcp ! --sport 1000 -j ACCEPT'],
  ],
  [
    'chains, RETURN and goto',
    [
      ':web - [0:0]',
      '-A FORWARD -s 10.1.0.0/25 -j web',
      '-A FORWARD -j ACCEPT',
      '-A web -p tcp -m tcp --dport 80 -j RETURN',
      '-A web -j DROP',
    ],
    [
      ':web - [0:0]',
      '-A FORWARD -s 10.1.0.0/25 -g web',
      '-A FORWARD -j ACCEPT',
      '-A web -p tcp -m tcp --dport 80 -j RETURN',
      '-A web -j DROP',
    ],
  ],
  [
    'flags, lengths, TOS and TTL',
    [
      '-A FORWARD -p tcp -m tcp --tcp-flags SYN,ACK,FIN SYN -j ACCEPT',
      '-A FORWARD -m length --length 100:200 -j ACCEPT',
      '-A FORWARD -m ttl --ttl-gt 63 -j ACCEPT',
    ],
    [
      '-A FORWARD -p tcp -m tcp --tcp-flags SYN,ACK SYN -j ACCEPT',
      '-A FORWARD -m length --length 100:150 -j ACCEPT',
      '-A FORWARD -m tos --tos 0x10/0x3f -j ACCEPT',
    ],
  ],
  [
    'ICMP types, fragments aside, and addresses',
    [
      '-A FORWARD -p icmp -m icmp --icmp-type 3/4 -j ACCEPT',
      '-A FORWARD -m iprange --src-range 10.1.0.7-10.1.0.40 -j ACCEPT',
    ],
    ['-A FORWARD -p icmp -m icmp --icmp-type 3 -j ACCEPT', '-A FORWARD -s 10.1.0.1/255.255.255.1 -j ACCEPT'],
  ],
];

function rulesetText(lines: readonly string[], mangle: readonly string[] = []): string {
  const chains = lines.filter((line) => line.startsWith(':'));
  const rules = lines.filter((line) => !line.startsWith(':'));
  return [
    '*mangle',
    ':PREROUTING ACCEPT [0:0]',
    ...mangle,
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...chains,
    ...rules,
    'COMMIT',
    '',
  ].join('\n');
}

/** What the router forwards from one end to the other, if its rules let it. */
function reachable(space: Space): number {
  const { bdd } = space;
  const code = (field: 'iif' | 'oif', name: string): number => space.alphabets[field].names.indexOf(name);
  return [
    space.equals('iif', code('iif', 'eth0')),
    space.equals('oif', code('oif', 'eth1')),
    space.equals('source', 0x0a010000, 0xffffff00),
    space.equals('destination', 0x0a020005),
    space.inRange('ttl', 2, 255),
    space.inRange('length', 40, 1400),
    space.equals('state', 0),
    space.equals('mark', 0),
    space.equals('packetType', 0),
    space.equals('fragment', 0),
  ].reduce((set, each) => bdd.and(set, each), space.domain);
}

const usual = { source: 0x0a010005, destination: 0x0a020005, protocol: 17 };

describe.skipIf(!isPossible())('this kernel (needs root, iptables-nft and python3)', () => {
  let bench: Bench;
  beforeAll(() => {
    bench = new Bench();
  });
  afterAll(() => bench.close());

  it.each(PAIRS)(
    '%s',
    async (_, before, after) => {
      const texts = { before: rulesetText(before), after: rulesetText(after) };
      const tables = (side: 'before' | 'after') =>
        createNet(rulesOnly([parseSave(texts[side], side, { family: 4 }).ruleset], undefined)).tables[4];
      const compared = compareTables(
        { tables: tables('before') },
        { tables: tables('after') },
        { interfaces: ['eth0', 'eth1'] },
      );
      const { space, differences: forwarded } = compared.find(({ way }) => way === 'forwarded') as Comparison;
      const { bdd } = space;
      const region = reachable(space);
      const expected: { sample: Sample; before: boolean; after: boolean }[] = [];
      for (const { node, before: was, after: is } of forwarded) {
        const sample = sampleOf(space, bdd.and(node, region), usualBits(space, usual));
        if (sample) expected.push({ sample, before: was.kind === 'accept', after: is.kind === 'accept' });
      }
      const same = bdd.diff(region, bdd.union(forwarded.map(({ node }) => node)));
      const equal = sampleOf(space, same, usualBits(space, usual));
      expect(expected.length).toBeGreaterThan(0);
      const seen: Record<'before' | 'after', boolean[]> = { before: [], after: [] };
      for (const side of ['before', 'after'] as const) {
        const samples = [...expected.map(({ sample }) => sample), ...(equal ? [equal] : [])];
        const recorded = await bench.record({
          name: side,
          ends: ['h:eth0', 'h:eth1'],
          setup: [
            'h ip addr add 10.1.0.1/24 dev eth0',
            'h ip addr add 10.2.0.1/24 dev eth1',
            'h ip neigh add 10.2.0.5 lladdr 02:aa:00:00:00:02 dev eth1',
            'h sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0',
          ].join('\n'),
          rules: { h: texts[side] },
          send: samples.map((sample) => ({ on: 'h:eth0', skb: packetOf(sample, false) })),
        });
        seen[side] = recorded.packets.map(({ out }) => out.some(([end]) => end === 'h:eth1'));
      }
      const told = expected.length;
      expect(seen.before.slice(0, told)).toEqual(expected.map((each) => each.before));
      expect(seen.after.slice(0, told)).toEqual(expected.map((each) => each.after));
      expect(seen.before.slice(told)).toEqual(seen.after.slice(told));
    },
    30_000,
  );
});
