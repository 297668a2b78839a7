/** Near misses held against the model: the rule with that one condition taken out of it accepts the packet, and no such rule is missed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearMisses } from '../../src/diagnose/near-rules.ts';
import type { Trace } from '../../src/netstack/hop.ts';
import { probe } from '../../src/netstack/probe.ts';
import { ip, type NetnsSpec, network } from '../netstack/support/lab.ts';

const CLIENT: NetnsSpec = { links: ['eth0 10.0.1.2/24'], routes: 'default via 10.0.1.1 dev eth0' };
const SERVER: NetnsSpec = { links: ['eth0 10.0.2.2/24'], routes: 'default via 10.0.2.1 dev eth0' };
const ROUTER: NetnsSpec = {
  links: ['lan0 10.0.1.1/24', 'docker0 10.0.2.1/24'],
  sysctl: { 'net.ipv4.ip_forward': 1 },
};

interface Packet {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** What one condition is in a rule, by its name; taken out of it, or made to hold. */
type Conditions = Readonly<Record<string, string>>;
interface Rule {
  readonly chain: 'base' | 'sub';
  readonly conditions: Conditions;
  readonly verdict: 'accept' | 'drop' | 'return' | 'jump' | 'goto';
}

/** A language: how a ruleset is written in it, and how a rule is without one of its conditions. */
interface Language {
  readonly conditions: fc.Arbitrary<Conditions>;
  readonly relax: (conditions: Conditions, name: string, packet: Packet) => Conditions;
  readonly ruleset: (rules: readonly Rule[]) => Partial<NetnsSpec>;
  readonly names: { readonly base: string; readonly sub: string };
}

/** Few of many: a rule with one condition that fails is what is looked for. */
const of = (...texts: readonly string[]) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
  );

function without(conditions: Conditions, name: string): Conditions {
  const { [name]: _, ...rest } = conditions;
  return rest;
}

const said = (shape: Record<string, fc.Arbitrary<string | undefined>>): fc.Arbitrary<Conditions> =>
  fc
    .record(shape)
    .map((all) =>
      Object.fromEntries(Object.entries(all).filter(([, text]) => text !== undefined)),
    ) as fc.Arbitrary<Conditions>;

const rulesOf = (conditions: fc.Arbitrary<Conditions>) =>
  fc.array(
    fc.record({
      chain: fc.constantFrom('base', 'sub'),
      conditions,
      verdict: fc.constantFrom(
        'accept',
        'accept',
        'accept',
        'accept',
        'drop',
        'return',
        'jump',
        'jump',
        'goto',
      ),
    }) as fc.Arbitrary<Rule>,
    { minLength: 4, maxLength: 8 },
  );

/** Only the first chain jumps. */
function verdictOf({ chain, verdict }: Rule): Rule['verdict'] {
  return chain === 'sub' && (verdict === 'jump' || verdict === 'goto') ? 'drop' : verdict;
}

const IPTABLES: Language = {
  conditions: said({
    source: of('-s 10.0.1.0/24', '-s 10.0.1.2/32', '-s 10.9.0.0/16', '! -s 10.0.1.2/32'),
    destination: of('-d 10.0.2.2/32', '-d 10.0.3.0/24', '! -d 10.0.2.0/24'),
    in: of('-i lan0', '-i docker0', '! -i lan0', '-i la+'),
    out: of('-o docker0', '-o lan0', '! -o docker0'),
    protocol: of('-p tcp', '-p udp'),
    port: of('--dport 80', '--dport 8080:8090', '! --dport 80', '--sport 1:9'),
    state: of(
      '-m conntrack --ctstate NEW,ESTABLISHED',
      '-m conntrack --ctstate RELATED,ESTABLISHED',
      '-m state --state INVALID',
      '-m conntrack ! --ctstate DNAT',
    ),
    mark: of('-m mark --mark 0x0/0xff', '-m mark --mark 0x7'),
  }).map((all) => (all.protocol === undefined ? without(all, 'port') : all)),
  // Ports can't be asked for without a protocol: it becomes the packet's.
  relax: (conditions, name, { protocol }) =>
    name === 'protocol' && conditions.port !== undefined
      ? { ...conditions, protocol: `-p ${protocol}` }
      : without(conditions, name),
  ruleset(rules) {
    const lines = rules.map((rule) => {
      const { port, ...rest } = rule.conditions;
      const transport = port === undefined ? [] : [`-m ${rest.protocol?.slice(3)} ${port}`];
      const chain = rule.chain === 'base' ? 'FORWARD' : 'sub';
      const verdict = verdictOf(rule);
      const target = { jump: '-j sub', goto: '-g sub' }[verdict as string] ?? `-j ${verdict.toUpperCase()}`;
      return ['-A', chain, ...Object.values(rest), ...transport, target].join(' ');
    });
    const heads = [':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]', ':sub - [0:0]'];
    const nat = [':PREROUTING ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]', DNAT];
    return { iptables: ['*nat', ...nat, 'COMMIT', '*filter', ...heads, ...lines, 'COMMIT', ''].join('\n') };
  },
  names: { base: 'FORWARD', sub: 'sub' },
};

const DNAT = '-A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.0.2.2:80';

const NFT: Language = {
  conditions: said({
    iif: of('iifname "lan0"', 'iifname "docker0"', 'iifname != "lan0"', 'iifname { "lan0", "wlan0" }'),
    oif: of('oifname "docker*"', 'oif "lan0"', 'oifname != "docker0"'),
    source: of(
      'ip saddr 10.0.1.0/24',
      'ip saddr @allowed',
      'ip saddr != @allowed',
      'ip saddr 10.9.0.1-10.9.0.9',
    ),
    pair: of(
      'ip daddr . tcp dport { 10.0.2.2 . 80 }',
      'ip daddr . tcp dport { 10.0.3.1 . 80, 10.0.2.2 . 443 }',
    ),
    protocol: of('meta l4proto tcp', 'ip protocol udp', 'meta l4proto { tcp, udp }'),
    port: of('tcp dport 80', 'udp dport { 53, 80 }', 'th dport 8080-8090', 'tcp dport != 80'),
    state: of(
      'ct state established,related',
      'ct state new',
      'ct state { invalid, untracked }',
      'ct status dnat',
    ),
    mark: of('meta mark 0x00000007', 'meta mark & 0x000000ff == 0x00000000'),
    // Instead of the verdict, and always last.
    map: of(
      'tcp dport vmap { 22 : accept, 443 : accept }',
      'meta l4proto vmap { tcp : accept, icmp : drop }',
    ),
  }),
  relax: (conditions, name) =>
    name === 'map' ? { ...conditions, map: 'accept' } : without(conditions, name),
  ruleset(rules) {
    const line = (rule: Rule) => {
      const { map, ...rest } = rule.conditions;
      const verdict = verdictOf(rule);
      const end =
        map !== undefined && verdict === 'accept'
          ? map
          : verdict === 'jump' || verdict === 'goto'
            ? `${verdict} sub`
            : verdict;
      return [...Object.values(rest), 'counter', end].join(' ');
    };
    const chain = (name: 'base' | 'sub') => rules.filter((rule) => rule.chain === name).map(line);
    const nft = [
      'table inet t {',
      'set allowed {',
      'type ipv4_addr',
      'elements = { 10.0.1.2, 10.0.1.77 }',
      '}',
      'chain base {',
      'type filter hook forward priority filter; policy drop;',
      ...chain('base'),
      '}',
      'chain sub {',
      ...chain('sub'),
      '}',
      '}',
      'table ip n {',
      'chain pre {',
      'type nat hook prerouting priority dstnat; policy accept;',
      'tcp dport 8081 dnat to 10.0.2.2:80',
      '}',
      '}',
      '',
    ].join('\n');
    return { iptables: '', nft };
  },
  names: { base: 'base', sub: 'sub' },
};

const PACKETS = fc.record({
  protocol: fc.constantFrom('tcp', 'udp'),
  port: fc.constantFrom(80, 8080, 8081, 53, 22),
}) as fc.Arbitrary<Packet>;

function send(language: Language, rules: readonly Rule[], { protocol, port }: Packet) {
  const spec = { ...ROUTER, ...language.ruleset(rules) };
  const { snapshot, world } = network({ c: CLIENT, r: spec, s: SERVER }, [
    'c:eth0=r:lan0',
    'r:docker0=s:eth0',
  ]);
  const to = ip('10.0.2.2');
  const trace = probe(world, { from: 'c', to, protocol: PROTOCOLS[protocol], destinationPort: port }).there;
  return { snapshot, trace };
}

/** Numbers count within the chain. */
function placeOf(rules: readonly Rule[], rule: Rule, { names }: Language) {
  const number = rules.filter(({ chain }) => chain === rule.chain).indexOf(rule) + 1;
  return `${names[rule.chain]} ${number}`;
}

function acceptedBy({ hops }: Trace): string | undefined {
  const steps = hops.flatMap(({ namespace, steps }) => (namespace === 'r' ? steps : []));
  const last = steps.findLast(
    (step) =>
      (step.kind === 'rule' && step.hook === 'FORWARD' && step.target === 'ACCEPT') ||
      (step.kind === 'nft-rule' && step.hook === 'forward' && step.verdict === 'accept'),
  );
  return last && 'number' in last ? `${last.chain} ${last.number}` : undefined;
}

const LANGUAGES = [
  ['iptables', IPTABLES],
  ['nft', NFT],
] as const;

describe.each(LANGUAGES)('near misses of %s', (_, language) => {
  it('are the rules that accept the packet without one of their conditions, all of them and no others', () => {
    let found = 0;
    fc.assert(
      fc.property(rulesOf(language.conditions), PACKETS, (rules, packet) => {
        const { snapshot, trace } = send(language, rules, packet);
        fc.pre(trace.verdict === 'dropped');
        const router = snapshot.namespaces.get('r');
        if (!router) throw new Error('no router');
        const asked = { address: ip('10.0.2.2'), port: packet.port };
        const claimed = nearMisses(router, trace, { direction: 'forward', asked, time: 0 });
        const accepting = rules.flatMap((rule) => {
          if (rule.verdict !== 'accept') return [];
          const place = placeOf(rules, rule, language);
          const does = Object.keys(rule.conditions).some((name) => {
            const conditions = language.relax(rule.conditions, name, packet);
            const changed = rules.map((each) => (each === rule ? { ...rule, conditions } : each));
            return acceptedBy(send(language, changed, packet).trace) === place;
          });
          return does ? [place] : [];
        });
        expect(claimed.map(({ near }) => `${near.chain} ${near.number}`).toSorted()).toEqual(
          accepting.toSorted(),
        );
        found += claimed.length;
      }),
      { numRuns: 200, seed: 7 },
    );
    expect(found).toBeGreaterThan(30);
  });
});
