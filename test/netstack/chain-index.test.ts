/** Long chains by index and rule by rule: the same traces, the same counters, whatever the rules remember. */
import { describe, expect, it } from 'vitest';
import { candidatesOf, indexChain, nextCandidate } from '../../src/netstack/netfilter/chain-index.ts';
import { packetKey } from '../../src/netstack/netfilter/packet-key.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { layoutOf } from '../../src/skb/layout.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { randomPacket } from '../conformance/generate/packets.ts';
import { randomRules } from '../conformance/generate/rules.ts';
import { vocabularyOf } from '../conformance/generate/site.ts';
import { ROUTER_SITE } from '../conformance/networks/router-site.ts';
import { Random } from '../conformance/random.ts';
import { type NetnsSpec, network } from './support/lab.ts';

const ROUTER: NetnsSpec = {
  links: [
    'eth0 10.90.1.1/24 fd90:1::1/64',
    'eth1 10.90.2.1/24 fd90:2::1/64',
    'br0 10.90.3.1/24 fd90:3::1/64 kind=bridge',
    'p0 master=br0',
    'p1 master=br0',
  ],
  routes: 'default via 10.90.2.2 dev eth1',
  sysctl: {
    'net.ipv4.ip_forward': 1,
    'net.ipv6.conf.all.forwarding': 1,
    'net.bridge.bridge-nf-call-iptables': 1,
    'net.bridge.bridge-nf-call-ip6tables': 1,
  },
};

/** The rules of many small rulesets in the chains of one. What would end most packets early is made rarer. */
function longRules(random: Random, family: 4 | 6): string {
  const [site] = ROUTER_SITE.namespaces;
  if (!site) throw new Error('the router has no namespace');
  const words = vocabularyOf(ROUTER_SITE, site);
  const tables = new Map<string, { heads: Set<string>; rules: string[] }>();
  for (let i = 0; i < 14; i++) {
    let table = '';
    for (const line of randomRules(random, family, words).split('\n')) {
      if (line.startsWith('*')) table = line;
      const part = tables.get(table) ?? { heads: new Set<string>(), rules: [] };
      tables.set(table, part);
      if (line.startsWith(':')) part.heads.add(line.replace(/ DROP /, ' ACCEPT '));
      if (!line.startsWith('-A')) continue;
      const ends = / -j (?:ACCEPT|DROP|REJECT|RETURN)/.test(line);
      if (!ends || random.chance(0.2)) part.rules.push(line);
    }
  }
  return [...tables]
    .map(([table, { heads, rules }]) => [table, ...heads, ...rules, 'COMMIT', ''].join('\n'))
    .join('');
}

function mangled(random: Random, skb: Skb): Skb | undefined {
  if (random.chance(0.8)) return skb;
  let bytes = skb.bytes.slice();
  for (let i = random.below(3); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  if (random.chance(0.3)) bytes = bytes.slice(0, random.below(bytes.length + 1));
  const layout = layoutOf(bytes);
  return layout && { ...skb, ...layout, bytes };
}

describe('a chain by its index', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))('random rules and packets, seed %i', (seed) => {
    const random = new Random(seed);
    const spec: NetnsSpec = {
      ...ROUTER,
      iptables: longRules(random, 4),
      ip6tables: longRules(random, 6),
    };
    const [plain, indexed] = [Number.POSITIVE_INFINITY, 0].map(
      (indexFrom) => network({ host: spec }, [], { respond: true, indexFrom }).world,
    );
    let rules = 0;
    for (let i = 0; i < 150; i++) {
      const { on, skb } = randomPacket(random, ROUTER_SITE);
      const packet = mangled(random, { ...skb, time: i / 3 });
      if (!packet) continue;
      const [one, other] = [plain, indexed].map((world) =>
        on.startsWith('local:')
          ? world?.sendLocal('host', packet)
          : world?.receive({ namespace: 'host', name: on.replace(/^.*:/, '') }, packet),
      );
      expect(other).toEqual(one);
      rules += one?.hops.flatMap(({ steps }) => steps.filter(({ kind }) => kind === 'rule')).length ?? 0;
    }
    for (const family of [4, 6] as const)
      expect(indexed?.counters('host', family)).toBe(plain?.counters('host', family));
    expect(rules).toBeGreaterThan(150);
  });
});

describe('candidates', () => {
  const chain = (...rules: readonly string[]) => {
    const text = `*filter\n:FORWARD ACCEPT [0:0]\n${rules.map((rule) => `-A FORWARD ${rule} -j ACCEPT\n`).join('')}COMMIT\n`;
    const found = parseSave(text, 'rules', { family: 4 }).ruleset.tables.get('filter')?.chains.get('FORWARD');
    if (!found) throw new Error('no chain');
    return found;
  };
  const asked = (rules: readonly string[], skb: Skb): number[] => {
    const of = chain(...rules);
    const key = packetKey({ ...skb, in: 'eth0', out: 'eth1' }, 'nft');
    if (!key) return rules.map((_, at) => at);
    const candidates = candidatesOf(indexChain(of.rules), key);
    const places: number[] = [];
    const end = rules.length;
    for (let at = nextCandidate(candidates, 0, end); at < end; at = nextCandidate(candidates, at + 1, end))
      places.push(at);
    return places;
  };
  const tcp = buildSkb({
    ...{ source: 0x0a000001, destination: 0x0a000002, protocol: 6, sourcePort: 4000, destinationPort: 80 },
  });

  it.each<[what: string, rules: readonly string[], asked: readonly number[]]>([
    ['addresses', ['-s 10.0.0.1/32', '-s 10.0.0.3/32', '-d 10.0.0.0/24', '-d 10.0.1.0/24'], [0, 2]],
    ['another mask', ['-s 10.0.0.1/255.0.0.255', '-s 10.0.0.2/255.0.0.255'], [0]],
    ['ports', ['-p tcp -m tcp --dport 80', '-p tcp -m tcp --dport 81', '-p udp -m udp --dport 80'], [0]],
    ['ports behind a remark', ['-p tcp -m comment --comment a -m tcp --dport 81', '-p tcp'], [1]],
    ['lists of ports', ['-p tcp -m multiport --dports 22,80', '-p tcp -m multiport --dports 22,443'], [0]],
    ['ranges and inversions', ['-p tcp -m tcp --dport 1:9', '! -s 10.0.0.1/32', '-i eth+'], [0, 1, 2]],
    ['interfaces', ['-i eth0', '-i eth1', '-o eth1', '-i eth0 -o eth0'], [0, 2]],
    ['what remembers, before the ports', ['-p tcp -m limit --limit 1/s -m tcp --dport 81'], [0]],
    ['names that begin alike', ['-i eth+', '-i cali+', '-i eth0+', '-o e+'], [0, 2, 3]],
    [
      'marks',
      ['-m mark --mark 0/2', '-m mark --mark 2/2', '-p tcp -m mark --mark 1', '! -i lo -m mark ! --mark 1'],
      [0, 3],
    ],
    ['no condition', ['-m mark ! --mark 1', '-m limit --limit 1/s -m mark --mark 1', '-p icmp'], [0, 1]],
  ])('%s', (_, rules, expected) => {
    expect(asked(rules, tcp)).toEqual(expected);
  });

  it('are all rules for a later fragment', () => {
    const bytes = tcp.bytes.slice();
    bytes[7] = 1;
    const layout = layoutOf(bytes);
    expect(
      layout && asked(['-p tcp -m tcp --dport 81', '-s 10.9.9.9/32'], { ...tcp, ...layout, bytes }),
    ).toEqual([0, 1]);
  });
});
