import { describe, expect, it } from 'vitest';
import { tcpMss } from '../../src/skb/rewrite.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { describeRule } from '../../src/xtables/describe.ts';
import { matchRule, ruleAction } from '../../src/xtables/evaluate.ts';
import { conntrackUsers } from '../../src/xtables/load.ts';
import { destinationOf, sourceOf, tosOf, ttlOf } from '../../src/xtables/packet.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import type { TableName } from '../../src/xtables/rule.ts';
import { contextOf, type Place, packet, ruleOf } from './packets.ts';

const T = 'tcp 10.0.0.1:1000 > 10.0.0.2:80';

function act(text: string, skb: Skb, table: TableName = 'mangle', place: Place = {}) {
  const rule = ruleOf(text, skb.family, table);
  const ctx = contextOf(rule, skb, { table, ...place });
  expect(matchRule(rule, ctx)).toBe(true);
  return ruleAction(rule, ctx);
}

describe('verdicts', () => {
  it.each([
    ['-j ACCEPT', 'filter', { kind: 'accept' }],
    ['-j DROP', 'filter', { kind: 'drop' }],
    ['-j RETURN', 'filter', { kind: 'return' }],
    ['-j QUEUE', 'filter', { kind: 'queue' }],
    ['-p tcp', 'filter', { kind: 'continue' }],
    ['-j LOG --log-prefix x', 'filter', { kind: 'continue' }],
    ['-j NFLOG --nflog-group 3', 'filter', { kind: 'continue' }],
    ['-j TRACE', 'raw', { kind: 'continue' }],
    ['-j REJECT', 'filter', { kind: 'reject', with: 'icmp-port-unreachable' }],
    ['-p tcp -j REJECT --reject-with tcp-reset', 'filter', { kind: 'reject', with: 'tcp-reset' }],
    ['-j NOTRACK', 'raw', { kind: 'notrack' }],
    ['-j CT --notrack', 'raw', { kind: 'notrack' }],
    [
      '-p tcp -j CT --zone 3 --helper ftp',
      'raw',
      { kind: 'ct', template: { helper: 'ftp', zone: { direction: 'both', id: 3 } } },
    ],
    [
      '-j CT --zone-orig mark',
      'raw',
      { kind: 'ct', template: { zone: { direction: 'original', id: 'mark' } } },
    ],
    ['-j TEE --gateway 10.0.0.9', 'mangle', { kind: 'tee', gateway: 0x0a000009 }],
    [
      '-p tcp -j TPROXY --on-port 5000 --tproxy-mark 1/1',
      'mangle',
      { kind: 'tproxy', port: 5000, mark: { value: 1, mask: 1 } },
    ],
    [
      '-p tcp -j DNAT --to-destination 10.0.0.7:8080',
      'nat',
      {
        kind: 'nat',
        nat: {
          manip: 'dst',
          address: { kind: 'range', min: 0x0a000007, max: 0x0a000007 },
          ports: { min: 8080, max: 8080 },
          random: false,
          persistent: false,
        },
      },
    ],
    [
      '-p tcp -j DNAT --to-destination :8080',
      'nat',
      {
        kind: 'nat',
        nat: {
          manip: 'dst',
          address: { kind: 'keep' },
          ports: { min: 8080, max: 8080 },
          random: false,
          persistent: false,
        },
      },
    ],
    [
      '-j SNAT --to-source 10.0.0.7-10.0.0.9 --random-fully --persistent',
      'nat',
      {
        kind: 'nat',
        nat: {
          manip: 'src',
          address: { kind: 'range', min: 0x0a000007, max: 0x0a000009 },
          random: true,
          persistent: true,
        },
      },
    ],
    [
      '-j MASQUERADE',
      'nat',
      {
        kind: 'nat',
        nat: { manip: 'src', address: { kind: 'masquerade' }, random: false, persistent: false },
      },
    ],
    [
      '-p tcp -j REDIRECT --to-ports 1-9',
      'nat',
      {
        kind: 'nat',
        nat: {
          manip: 'dst',
          address: { kind: 'redirect' },
          ports: { min: 1, max: 9 },
          random: false,
          persistent: false,
        },
      },
    ],
    [
      '-j NETMAP --to 10.9.0.0/16',
      'nat',
      {
        kind: 'nat',
        nat: {
          manip: 'src',
          address: { kind: 'netmap', address: 0x0a090000, mask: 0xffff0000 },
          random: false,
          persistent: false,
        },
      },
    ],
    ['-j NOSUCH --with x', 'filter', { kind: 'unknown', why: 'target NOSUCH is not known' }],
    [
      '-j SYNPROXY',
      'filter',
      { kind: 'unknown', why: 'the handshake that SYNPROXY holds in place of the server' },
    ],
  ] as const)('%s in %s', (text, table, verdict) => {
    expect(act(text, packet(T), table, { hook: 'POSTROUTING' })).toEqual(verdict);
  });

  it('jumps and gotos name their chain; a chain nobody has is unknown', () => {
    const text =
      '*filter\n:FORWARD ACCEPT\n:mine - [0:0]\n-A FORWARD -j mine\n-A FORWARD -g mine\n-A FORWARD -j gone\nCOMMIT\n';
    const { ruleset, issues } = parseSave(text, 'test');
    const rules = ruleset.tables.get('filter')?.chains.get('FORWARD')?.rules ?? [];
    const kinds = rules.map((rule) => ruleAction(rule, contextOf(rule, packet(T))));
    expect(kinds).toMatchObject([
      { kind: 'jump', chain: 'mine' },
      { kind: 'goto', chain: 'mine' },
      { kind: 'unknown' },
    ]);
    expect(issues).toMatchObject([{ severity: 'warning', code: 'unknown-target', line: 6 }]);
  });
});

describe('marks', () => {
  it.each([
    ['--set-mark 0x5', 0xf0, 0x5],
    ['--set-mark 0x5/0xf', 0xf0, 0xf5],
    ['--set-mark 0x15/0xf', 0xe0, 0xf5],
    ['--set-xmark 0x15/0xf', 0xf0, 0xe5],
    ['--or-mark 0x3', 0xf0, 0xf3],
    ['--and-mark 0x30', 0xf0, 0x30],
    ['--xor-mark 0x30', 0xf0, 0xc0],
    ['--set-mark 0xffffffff', 0, 0xffffffff],
  ])('MARK %s on %i gives %i', (options, before, after) => {
    const skb = packet(`${T} mark=${before}`);
    expect(act(`-j MARK ${options}`, skb)).toEqual({ kind: 'continue' });
    expect(skb.mark).toBe(after);
  });

  it.each([
    ['--set-mark 0x5/0xf', 0xf0, 0xa0, 0xf0, 0xa5],
    ['--save-mark', 0xf1, 0xa0, 0xf1, 0xf1],
    ['--save-mark --mask 0xf', 0xf1, 0xa0, 0xf1, 0xa1],
    ['--restore-mark', 0xf1, 0xa0, 0xa0, 0xa0],
    ['--restore-mark --nfmask 0xf0 --ctmask 0xf0', 0xf1, 0xa0, 0xa1, 0xa0],
    ['--restore-mark --right-shift-mark 4', 0xf1, 0xa0, 0x0a, 0xa0],
  ])('CONNMARK %s on packet %i, connection %i', (options, mark, ctmark, markAfter, ctmarkAfter) => {
    const skb = packet(`${T} mark=${mark} ct=NEW ctmark=${ctmark}`);
    act(`-j CONNMARK ${options}`, skb);
    expect([skb.mark, skb.conntrack?.entry?.mark]).toEqual([markAfter, ctmarkAfter]);
  });
});

describe('rewriting', () => {
  it.each([
    ['-j TTL --ttl-set 9', 64, 9],
    ['-j TTL --ttl-dec 1', 64, 63],
    ['-j TTL --ttl-dec 70', 64, 0],
    ['-j TTL --ttl-inc 250', 64, 255],
  ])('%s', (text, before, after) => {
    const skb = packet(`${T} ttl=${before}`);
    act(text, skb);
    expect(ttlOf(skb)).toBe(after);
  });

  it.each([
    ['-j TOS --set-tos 0x10/0xf0', 0x2f, 0x1f],
    ['-j TOS --xor-tos 0x3', 0x2f, 0x2c],
    ['-j TOS --and-tos 0xf', 0x2f, 0x0f],
    ['-j DSCP --set-dscp-class EF', 0x03, 0xbb],
    ['-j ECN --ecn-ip-ect 2', 0xb8, 0xba],
  ])('%s', (text, before, after) => {
    const skb = packet(`${T} tos=${before}`);
    act(text, skb);
    expect(tosOf(skb)).toBe(after);
  });

  it.each([
    ['--set-mss 1300', 'mss=1460', 1300, 44],
    ['--set-mss 1300', 'mss=1200', 1200, 44],
    ['--set-mss 1300', 'flags=syn', 536, 44],
    ['--set-mss 400', 'flags=syn', 400, 44],
    ['--set-mss 1300', 'flags=ack', 536, 44],
    ['--clamp-mss-to-pmtu', 'mss=1460', 1460, 44],
  ])('TCPMSS %s on %s', (options, more, mss, length) => {
    const skb = packet(`${T} ${more}`);
    act(`-p tcp -j TCPMSS ${options}`, skb, 'mangle', { hook: 'FORWARD' });
    expect([tcpMss(skb), skb.length]).toEqual([mss, length]);
  });

  it('TCPMSS clamps to the path when the model knows it', () => {
    const skb = packet(`${T} mss=1460`);
    const rule = ruleOf('-p tcp -j TCPMSS --clamp-mss-to-pmtu', 4, 'mangle');
    const ctx = contextOf(rule, skb);
    ruleAction(rule, { ...ctx, namespace: { ...ctx.namespace, pathMtu: () => 1400 } });
    expect(tcpMss(skb)).toBe(1360);
  });

  it('CLASSIFY sets the priority', () => {
    const skb = packet(T);
    act('-j CLASSIFY --set-class 1:20', skb);
    expect(skb.priority).toBe(0x10020);
  });

  it('prefix translation keeps the address sum and comes back', () => {
    const skb = packet('udp [2001:db8:1::5]:1 > [2001:db8:9::9]:2');
    const before = sourceOf(skb);
    act('-j SNPT --src-pfx 2001:db8:1::/48 --dst-pfx fd00:7::/48', skb);
    const outside = BigInt(sourceOf(skb));
    expect(outside >> 80n).toBe(0xfd0000070000n);
    expect(sum(outside)).toBe(sum(BigInt(before)));
    const reply = packet('udp [2001:db8:9::9]:2 > [2001:db8:1::5]:1');
    const back = packet(`udp [2001:db8:9::9]:2 > [${hextets(outside)}]:1`);
    act('-j DNPT --src-pfx fd00:7::/48 --dst-pfx 2001:db8:1::/48', back);
    expect(destinationOf(back)).toBe(destinationOf(reply));
  });
});

function hextets(ip: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((ip >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
}

function sum(ip: bigint): number {
  let total = 0;
  for (let i = 0; i < 8; i++) total += Number((ip >> BigInt(16 * i)) & 0xffffn);
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return total;
}

describe('conntrack is started by', () => {
  it.each([
    ['-m conntrack --ctstate NEW', 'filter', true],
    ['-m state --state NEW', 'filter', true],
    ['-m connlimit --connlimit-above 3', 'filter', true],
    ['-j CONNMARK --save-mark', 'mangle', true],
    ['-j MASQUERADE', 'nat', true],
    ['-j CT --zone 1', 'raw', true],
    ['-j CT --notrack', 'raw', false],
    ['-j NOTRACK', 'raw', false],
    ['-j ACCEPT', 'nat', false],
    ['-m mark --mark 1 -j LOG', 'filter', false],
    ['-m nosuch --ctstate NEW', 'filter', false],
  ])('%s in %s: %s', (text, table, expected) => {
    const { ruleset } = parseSave(`*${table}\n:never - [0:0]\n-A never ${text}\nCOMMIT\n`, 'test', {
      family: 4,
    });
    expect(conntrackUsers(ruleset)).toBe(expected);
  });
});

describe('in words', () => {
  it.each([
    [
      '-s 10.0.0.0/8 -i eth0 -p tcp -m tcp --dport 80 -j DROP',
      'drops tcp packets from 10.0.0.0/8 to port 80 arriving on eth0',
    ],
    [
      '! -s 10.0.0.1 -o br+ -m conntrack --ctstate NEW,RELATED -j ACCEPT',
      'accepts packets not from 10.0.0.1 in state NEW or RELATED leaving by br+',
    ],
    [
      '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.7:80',
      'translates the destination to 10.0.0.7:80 of tcp packets to port 8080',
    ],
    ['-j REJECT --reject-with icmp-host-prohibited', 'rejects (icmp-host-prohibited) packets'],
    ['-m comment --comment hello -j MASQUERADE', 'masquerades packets'],
    ['-m limit --limit 5/min -j LOG', 'logs packets where limit --limit 5/min'],
    ['-m nosuch --x 1', 'counts packets where -m nosuch --x 1 (not understood)'],
    [
      '-p udp -m multiport ! --dports 53,67 -j RETURN',
      'returns from its chain for udp packets not to ports 53,67',
    ],
  ])('%s', (text, words) => {
    const table = /DNAT|MASQUERADE/.test(text) ? 'nat' : 'filter';
    expect(describeRule(ruleOf(text, 4, table), 4)).toBe(words);
  });
});
