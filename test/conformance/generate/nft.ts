/** Random nft rulesets: a skeleton that always loads, and rules one by one. */
import { formatMac } from '../../../src/net/mac.ts';
import type { Random } from '../random.ts';
import type { Site, Vocabulary } from './site.ts';

export interface RandomRuleset {
  /** Tables, chains, sets and objects, for `nft -f`. */
  readonly skeleton: string;
  /** `add rule …`; some the kernel refuses, which are left out. */
  readonly rules: readonly string[];
}

type TableFamily = 'ip' | 'ip6' | 'inet';

interface Place {
  readonly family: TableFamily;
  readonly table: string;
  readonly chain: string;
  readonly hook: string;
  readonly type: 'filter' | 'nat' | 'route' | 'none';
  /** User chains of the table that come later, so that jumps lead nowhere round. */
  readonly later: readonly string[];
}

const PORTS = ['1', '2', '53', '80', '1000', '4000', '5000'];
const PORT_SETS = ['{ 53, 80 }', '{ 1-3, 80, 4000-6000 }', '{ 1, 2, 3 }', '1-100', '53-80'];
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
const PRIORITIES = [-450, -310, -300, -250, -210, -150, -10, 0, 0, 0, 10, 50, 150, 300];

export function randomNft(random: Random, words: NftWords): RandomRuleset {
  const lines: string[] = [];
  const places: Place[] = [];
  const count = 1 + random.below(3);
  for (let t = 0; t < count; t++) {
    const family = random.pick(['inet', 'inet', 'ip', 'ip6'] as const);
    const table = `t${t}`;
    lines.push(`table ${family} ${table} {`);
    lines.push(...objects(random, family, words));
    const users = ['u1', 'u2', 'u3'];
    users.forEach((chain, i) => {
      lines.push(` chain ${chain} { }`);
      places.push({ family, table, chain, hook: 'none', type: 'none', later: users.slice(i + 1) });
    });
    const bases = 2 + random.below(4);
    for (let c = 0; c < bases; c++) {
      const type = random.chance(0.2) ? 'nat' : random.chance(0.1) ? 'route' : 'filter';
      const hook =
        type === 'route'
          ? 'output'
          : type === 'nat'
            ? random.pick(['prerouting', 'prerouting', 'input', 'output', 'postrouting', 'postrouting'])
            : random.pick(HOOKS);
      const priority =
        type === 'nat'
          ? (hook === 'prerouting' || hook === 'output' ? -100 : 100) + random.below(3)
          : random.pick(PRIORITIES);
      const policy = random.chance(0.06) ? 'drop' : 'accept';
      lines.push(` chain c${c} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`);
      places.push({ family, table, chain: `c${c}`, hook, type, later: users });
    }
    lines.push('}');
  }
  const rules: string[] = [];
  for (const place of places) {
    const rule = new RuleMaker(random, place, words);
    const amount = place.type === 'none' ? 1 + random.below(3) : 1 + random.below(5);
    for (let i = 0; i < amount; i++) {
      rules.push(`add rule ${place.family} ${place.table} ${place.chain} ${rule.make()}`);
    }
  }
  return { skeleton: `${lines.join('\n')}\n`, rules };
}

function objects(random: Random, family: TableFamily, words: NftWords): string[] {
  const v6 = family === 'ip6';
  const { addresses, networks } = words[v6 ? 6 : 4];
  const type = v6 ? 'ipv6_addr' : 'ipv4_addr';
  const some = (list: readonly string[], n: number) =>
    [...new Set(Array.from({ length: n }, () => random.pick(list)))].join(', ');
  return [
    ` set addrs { type ${type}; elements = { ${some(addresses, 3)} } }`,
    ` set nets { type ${type}; flags interval; auto-merge; elements = { ${some(networks, 2)} } }`,
    ` set pairs { type ${type} . inet_service; flags interval; elements = { ${random.pick(networks)} . 1-100, ${random.pick(addresses)} . 4000 } }`,
    ` set proto { type inet_proto . inet_service; elements = { tcp . 80, udp . 53, udp . 1 } }`,
    ` set seen { type ${type}; size 3; flags dynamic,timeout; timeout 1h; }`,
    ` set marks { type mark; flags interval; elements = { 1, 5-9 } }`,
    ` set rated { type ${type}; size 16; flags dynamic; }`,
    ` map vm { type inet_service : verdict; flags interval; elements = { 1 : accept, 2 : jump u1, 53 : goto u2, 80-90 : continue, 4000 : drop } }`,
    ` map am { type ${type} : mark; elements = { ${addresses[0]} : 1, ${addresses[1]} : 2 } }`,
    ` map pm { type ipv4_addr . inet_service : verdict; elements = { ${words[4].addresses[0]} . 80 : accept, ${words[4].addresses[1]} . 53 : jump u3 } }`,
    ` counter cnt { }`,
    ` quota quo { over 500 bytes }`,
    ` limit lim { rate 10/hour burst 3 packets }`,
  ];
}

const COUNTED = /^ct .*(packets|bytes|avgpkt) /;

class RuleMaker {
  private readonly random: Random;
  private readonly place: Place;
  private readonly words: NftWords;

  constructor(random: Random, place: Place, words: NftWords) {
    this.random = random;
    this.place = place;
    this.words = words;
  }

  make(): string {
    const { random } = this;
    const parts: string[] = [];
    const v6 = this.place.family === 'ip6' || (this.place.family === 'inet' && random.chance(0.25));
    const ip = v6 ? 'ip6' : 'ip';
    const matches = random.pick([0, 1, 1, 1, 2, 2, 3]);
    for (let i = 0; i < matches; i++) {
      const part = this.match(ip);
      // nft's listing makes one range of two comparisons of counters.
      if (!COUNTED.test(part) || !parts.some((each) => COUNTED.test(each))) parts.push(part);
    }
    // nft's listing leaves out these where a match of a transport header follows (it takes them for what that implies).
    const implied = (part: string) => /^(ct (l3proto|protocol)|meta (protocol|nfproto)) /.test(part);
    parts.sort((left, right) => Number(implied(left)) - Number(implied(right)));
    if (random.chance(0.1)) parts.push(this.stateful(ip));
    parts.push('counter');
    if (random.chance(0.4)) parts.push(this.effect(ip));
    parts.push(this.verdict(ip));
    return parts.join(' ');
  }

  private match(ip: 'ip' | 'ip6'): string {
    const { random, place, words } = this;
    const v6 = ip === 'ip6';
    const { addresses, networks } = words[v6 ? 6 : 4];
    const quoted = words.interfaces.map((name) => `"${name}"`);
    const devices = [...quoted, `{ ${quoted.join(', ')} }`, '"lo"', '"e*"', '"v*"', '{ "e*", "lo" }'];
    const not = random.chance(0.2) ? '!= ' : '';
    const side = random.pick(['saddr', 'daddr']);
    const own = place.family === 'inet' ? 'ip' : place.family;
    const l4 = random.pick(['tcp', 'udp', 'udp']);
    const port = random.pick(['sport', 'dport', 'dport']);
    const choices: (() => string)[] = [
      () => `${ip} ${side} ${not}${random.pick([...addresses, ...networks])}`,
      () => `${ip} ${side} ${not}{ ${random.pick(addresses)}, ${random.pick(networks)} }`,
      () => `${own} ${side} ${not}@${random.pick(['addrs', 'nets'])}`,
      () => `${l4} ${port} ${not}${random.pick([...PORTS, ...PORT_SETS])}`,
      () => `${l4} ${port} ${not}${random.pick([...PORTS, ...PORT_SETS])}`,
      () => `${l4} dport ${random.pick(['<', '>', '<=', '>='])} ${random.pick(PORTS)}`,
      () => `${own} ${side} . ${l4} dport ${not}@pairs`,
      () => `meta l4proto . th dport ${not}@proto`,
      () => `meta l4proto ${not}${random.pick(['tcp', 'udp', '{ tcp, udp }', '{ icmp, icmpv6 }', '6-17'])}`,
      () => `meta l4proto { tcp, udp } th ${port} ${random.pick([...PORTS, ...PORT_SETS])}`,
      () =>
        `ct state ${not}${random.pick(['new', 'established', 'related', 'invalid', 'untracked', 'new,established', '{ new, established }', 'established,related'])}`,
      () => `ct state ${random.pick(['new', 'established', 'invalid'])}`,
      () => `ct direction ${random.pick(['original', 'reply'])}`,
      () =>
        `ct status ${random.pick(['snat', 'dnat', 'seen-reply', 'confirmed', 'assured', '! dnat', 'snat,dnat'])}`,
      () => `ct mark ${not}${random.pick(['0', '1', '0x1-0x5', '{ 1, 5 }'])}`,
      () => `ct protocol ${random.pick(['tcp', 'udp'])}`,
      () => `ct l3proto ${random.pick(['ipv4', 'ipv6'])}`,
      () =>
        v6
          ? `ct original ip6 daddr ${random.pick(addresses)}`
          : `ct ${random.pick(['original', 'reply'])} ip ${side} ${random.pick([...addresses, ...networks])}`,
      () => `meta l4proto udp ct original proto-dst ${random.pick(PORTS)}`,
      () =>
        `ct ${random.pick(['', 'original ', 'reply '])}packets ${random.pick(['>', '<', '=='])} ${1 + random.below(3)}`,
      () => `ct ${random.pick(['', 'original '])}bytes > ${random.below(200)}`,
      () => `ct avgpkt < ${20 + random.below(60)}`,
      () => `meta mark ${not}${random.pick(['0', '1', '0x1', '1-5', '@marks', '{ 0, 2 }'])}`,
      () => `meta mark and 0x3 ${random.pick(['==', '!='])} ${random.below(3)}`,
      () => `meta length ${random.pick(['<', '>'])} ${random.pick([30, 40, 50, 60, 80])}`,
      () => `iifname ${not}${random.pick(devices)}`,
      () => `oifname ${not}${random.pick(devices)}`,
      () => `iif ${random.pick([...words.interfaces, 'lo'])}`,
      () => `oif ${not}${random.pick([...words.interfaces, 'lo'])}`,
      () => `iiftype ${random.pick(['ether', 'loopback'])}`,
      () => `meta pkttype ${not}${random.pick(['host', 'broadcast', 'multicast', 'other'])}`,
      () => `meta nfproto ${random.pick(['ipv4', 'ipv6'])}`,
      // Another than the rule's own would be lost in nft's listing, too.
      () => `meta protocol ${random.pick([ip])}`,
      () =>
        `icmp type ${not}${random.pick(['echo-request', 'echo-reply', '{ echo-request, destination-unreachable }'])}`,
      () =>
        `icmpv6 type ${not}${random.pick(['echo-request', 'echo-reply', '{ echo-request, nd-neighbor-solicit }'])}`,
      () =>
        `tcp flags ${random.pick(['syn', 'syn,ack', '== syn', '!= syn', '& (fin|syn|rst|ack) == syn', '! rst,fin', '{ syn, ack }'])}`,
      () => `ip ttl ${random.pick(['<', '>', '=='])} 63`,
      () => `ip6 hoplimit ${random.pick(['<', '>', '=='])} 63`,
      () => `ip dscp ${not}${random.pick(['cs0', 'cs2', '{ cs1, cs2 }'])}`,
      () => `ip protocol ${not}${random.pick(['tcp', 'udp', 'icmp', '{ tcp, udp }'])}`,
      () => `ip6 nexthdr ${not}${random.pick(['tcp', 'udp', 'ipv6-icmp'])}`,
      () => `ip version 4`,
      () => `ip length > ${random.pick([28, 40, 50])}`,
      () => `@th,16,16 ${random.pick(PORTS)}`,
      () => `${ip} daddr != ${addresses[0]} @nh,${v6 ? '48,8' : '72,8'} 17`,
      () => `ip saddr & 0.0.0.255 == 0.0.0.${random.below(4)}`,
      () => `fib saddr . iif oif ${random.pick(['missing', 'exists'])}`,
      () =>
        `fib daddr type ${not}${random.pick(['local', 'broadcast', 'unicast', '{ local, broadcast, multicast }'])}`,
      () => `fib saddr oifname ${random.pick(quoted)}`,
      () => `fib daddr . iif type local`,
      () => `frag more-fragments 1`,
      () => `exthdr frag exists`,
      () => `tcp option maxseg exists`,
      () => `ether saddr ${random.pick(['!= ', ''])}${random.pick(words.macs)}`,
      () => `udp length > ${8 + random.below(20)}`,
      () => `rt ${ip} nexthop ${random.pick(addresses)}`,
      () => `numgen inc mod ${2 + random.below(3)} ${random.pick(['0', '1', '!= 0'])}`,
      () => `jhash ${own} saddr mod 2 seed 0x${random.below(9)} ${random.below(2)}`,
    ];
    return random.pick(choices)();
  }

  private stateful(ip: 'ip' | 'ip6'): string {
    const { random, place } = this;
    const own = place.family === 'inet' ? 'ip' : place.family;
    return random.pick([
      () =>
        `limit rate ${random.pick(['', 'over '])}${2 + random.below(5)}/hour burst ${1 + random.below(4)} packets`,
      () => `limit rate ${random.pick(['', 'over '])}20 bytes/hour burst ${50 + random.below(100)} bytes`,
      () => `quota ${random.pick(['until', 'over'])} ${100 + random.below(300)} bytes`,
      () => `ct count ${random.pick(['', 'over '])}${1 + random.below(3)}`,
      () => `counter name cnt`,
      () => `quota name quo`,
      () => `limit name lim`,
      () => `add @seen { ${own} ${random.pick(['saddr', 'daddr'])} }`,
      () => `update @seen { ${own} saddr timeout 20m }`,
      () => `delete @seen { ${own} saddr }`,
      () => `${own} saddr ${random.pick(['', '!= '])}@seen`,
      () => `add @rated { ${own} saddr limit rate ${random.pick(['', 'over '])}2/hour burst 2 packets }`,
      () => `add @rated { ${own} daddr quota ${random.pick(['until', 'over'])} 150 bytes }`,
      () => `add @rated { ${own} saddr ct count over 1 }`,
      () => `${ip === 'ip' ? 'ip' : 'ip6'} saddr @rated`,
    ])();
  }

  private effect(ip: 'ip' | 'ip6'): string {
    const { random, place, words } = this;
    const own = place.family === 'inet' ? 'ip' : place.family;
    return random.pick([
      () =>
        `meta mark set ${random.pick(['1', '2', '0x5', 'mark or 0x10', 'ct mark', 'mark and 0x3 xor 0x1'])}`,
      () => `ct mark set ${random.pick(['1', 'meta mark', 'ct mark or 0x4'])}`,
      () => `meta mark set ${own} saddr map @am`,
      () =>
        `meta mark set ${own} saddr map { ${words[own === 'ip' ? 4 : 6].addresses[0]} : 7, ${words[own === 'ip' ? 4 : 6].addresses[1]} : 8 }`,
      () => `meta mark set numgen inc mod 3 offset 1`,
      () => `meta mark set jhash ${own} saddr . ${own} daddr mod 4 seed 0x17 offset 1`,
      () => `meta priority set 1:2`,
      () => `${ip === 'ip' ? 'ip dscp' : 'ip6 dscp'} set ${random.pick(['cs0', 'cs1', 'cs2'])}`,
      () => `ip ttl set ${random.pick(['64', '63', '2'])}`,
      () => `ip6 hoplimit set ${random.pick(['64', '63', '2'])}`,
      () => `tcp dport set ${random.pick(PORTS)}`,
      () => `udp sport set ${random.pick(PORTS)}`,
      () => `tcp option maxseg size set 1000`,
      () => `meta pkttype set host`,
      () => `notrack`,
      () => `log prefix "x"`,
      () => `meta nftrace set 1`,
      // Elsewhere the template that it makes passes nat chains, which is not modelled.
      () => (place.hook === 'prerouting' ? `ct zone set ${1 + random.below(2)}` : ''),
    ])();
  }

  private verdict(ip: 'ip' | 'ip6'): string {
    const { random, place, words } = this;
    const l4 = random.pick(['tcp', 'udp']);
    const own = place.family === 'inet' ? 'ip' : place.family;
    if (place.type === 'nat' && random.chance(0.7)) return this.nat(ip);
    const jump = random.pick([...place.later, '']);
    const go = jump === '' ? 'continue' : `${random.pick(['jump', 'goto'])} ${jump}`;
    return random.pick([
      () => '',
      () => '',
      () => 'accept',
      () => 'accept',
      () => 'return',
      () => 'continue',
      () => go,
      () => go,
      () => (random.chance(0.5) ? 'drop' : ''),
      () => (place.later.length === 3 ? `${l4} dport vmap @vm` : ''),
      () =>
        `${l4} dport vmap { 1 : accept, 53 : ${jump === '' ? 'continue' : `jump ${jump}`}, 80-90 : return${random.chance(0.3) ? ', * : continue' : ''} }`,
      () => `ct state vmap { established : accept, new : continue, invalid : drop }`,
      () => (place.later.length === 3 ? `ip saddr . ${l4} dport vmap @pm` : ''),
      () => `meta l4proto vmap { tcp : ${jump === '' ? 'continue' : `jump ${jump}`}, udp : continue }`,
      () => `iifname vmap { "${words.interfaces[0]}" : continue, "b*" : return }`,
      () =>
        random.chance(0.4)
          ? random.pick([
              'reject',
              'reject with tcp reset',
              'reject with icmp host-prohibited',
              'reject with icmpv6 admin-prohibited',
              'reject with icmpx no-route',
              'reject with icmpx host-unreachable',
            ])
          : '',
      () => `${own} saddr ${words[own === 'ip' ? 4 : 6].addresses[0]} accept`,
    ])();
  }

  private nat(ip: 'ip' | 'ip6'): string {
    const { random, place, words } = this;
    const inet = place.family === 'inet' ? ` ${ip}` : '';
    const v6 = place.family === 'ip6' || (place.family === 'inet' && ip === 'ip6');
    const { addresses } = words[v6 ? 6 : 4];
    const one = () => random.pick(words.targets[v6 ? 6 : 4]);
    const bracketed = () => (v6 ? `[${one()}]` : one());
    const range = () => (v6 ? one() : rangeFrom(one()));
    const l4 = random.pick(['meta l4proto tcp', 'meta l4proto udp', 'meta l4proto { tcp, udp }']);
    if (place.hook === 'prerouting' || place.hook === 'output') {
      return random.pick([
        () => `dnat${inet} to ${one()}`,
        () => `${l4} dnat${inet} to ${bracketed()}:80`,
        () => (v6 ? 'accept' : `${l4} dnat${inet} to ${one()}:80-90 ${random.pick(['', 'persistent'])}`),
        () => `${l4} redirect to :${random.pick(PORTS)}`,
        () => 'redirect',
        () =>
          `dnat${inet} to ${v6 ? 'ip6' : 'ip'} daddr map { ${addresses[0]} : ${one()}, ${addresses[1]} : ${one()} }`,
        () =>
          v6
            ? 'accept'
            : `tcp dport 1-6000 dnat${inet} to tcp dport map { 80 : ${one()} . 8080, 1 : ${one()} . 81 }`,
      ])();
    }
    return random.pick([
      () => 'masquerade',
      () => `${l4} masquerade to :${random.pick(['2000-2100', '3000'])}`,
      () => `snat${inet} to ${one()}`,
      () => `snat${inet} to ${range()} ${random.pick(['', 'persistent'])}`,
      () => (v6 ? 'accept' : `${l4} snat${inet} to ${one()}:4000-4100`),
      () =>
        `snat${inet} to ${v6 ? 'ip6' : 'ip'} saddr map { ${addresses[0]} : ${one()}, ${addresses[1]} : ${one()} }`,
    ])();
  }
}

/** Five addresses from this one on, where that many follow in its /24. */
function rangeFrom(address: string): string {
  const [, head = '', last = '0'] = /^(.*\.)(\d+)$/.exec(address) ?? [];
  return Number(last) > 250 ? address : `${address}-${head}${Number(last) + 4}`;
}

export interface NftWords {
  readonly 4: { readonly addresses: readonly string[]; readonly networks: readonly string[] };
  readonly 6: { readonly addresses: readonly string[]; readonly networks: readonly string[] };
  readonly interfaces: readonly string[];
  readonly macs: readonly string[];
  /** Somebody answers there: what NAT may lead to. */
  readonly targets: Readonly<Record<4 | 6, readonly string[]>>;
}

/** nft takes no network whose host bits are set, and no doubles in a set. */
export function nftWords(site: Site, words: Vocabulary): NftWords {
  const of = (family: 4 | 6) => {
    const addresses = [...new Set(words.addresses[family])];
    const networks = [...new Set(words.networks[family].filter((each) => each.includes('/')))];
    return { addresses, networks };
  };
  const targets = (family: 4 | 6) => [
    ...site.hosts.map(({ address }) => address[family]),
    ...site.namespaces.flatMap(({ addresses }) => addresses[family]),
  ];
  return {
    4: of(4),
    6: of(6),
    interfaces: words.interfaces,
    macs: site.hosts.map(({ mac }) => formatMac(mac)),
    targets: { 4: targets(4), 6: targets(6) },
  };
}
