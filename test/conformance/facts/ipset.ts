/** What sets do to packets, and packets to sets. The sets at the end are compared too. */
import { parseIp } from '../../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ROUTER, type RouterEnd } from '../networks/router.ts';

const C = '10.90.1.2';
const S = '10.90.2.2';
const B = '10.90.3.2';
const C6 = 'fd90:1::2';
const S6 = 'fd90:2::2';

function ip(text: string) {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}
function packet(
  on: RouterEnd | 'local',
  source: string,
  destination: string,
  more: Partial<SkbSpec> = {},
): Stimulus {
  const skb = buildSkb({
    source: ip(source),
    destination: ip(destination),
    protocol: 17,
    sourcePort: 1000,
    destinationPort: 53,
    payload: 8,
    ...more,
  });
  return { on: on === 'local' ? 'local:host' : on, skb };
}
const tcp = (on: RouterEnd, source: string, destination: string, port: number) =>
  packet(on, source, destination, { protocol: 6, destinationPort: port, payload: 0 });
const echo = (on: RouterEnd, source: string, destination: string) =>
  packet(on, source, destination, { protocol: source.includes(':') ? 58 : 1, icmpId: 7 });
/** The later part of a datagram. */
function laterPart(each: Stimulus): Stimulus {
  const bytes = each.skb.bytes.slice();
  new DataView(bytes.buffer).setUint16(6, 3);
  const skb = { ...each.skb, bytes };
  refreshLayout(skb);
  sealChecksums(skb);
  return { ...each, skb };
}

/** `raw PREROUTING -m set …`: a rule a line. Every chain of a table that has one is there. */
function rules(lines: readonly string[]): string {
  const own = (table: string) => lines.filter((line) => line.startsWith(`${table} `));
  return TABLES.filter((table) => own(table).length > 0)
    .map((table) => {
      const chains = BUILTIN_CHAINS[table].map((chain) => `:${chain} ACCEPT [0:0]\n`).join('');
      const added = own(table)
        .map((line) => `-A ${line.slice(table.length + 1)}\n`)
        .join('');
      return `*${table}\n${chains}${added}COMMIT\n`;
    })
    .join('');
}
function fact(
  name: string,
  sets: readonly string[],
  lines: readonly string[],
  stimuli: readonly Stimulus[],
  six = false,
): Fact {
  const text = rules(lines);
  return {
    name,
    network: ROUTER,
    rules: { host: { [six ? 'ip6' : 'ip4']: text, ipset: `${sets.join('\n')}\n` } },
    stimuli,
  };
}

export const ipsetFacts: readonly Fact[] = [
  fact(
    'of networks the longest prefix decides; nomatch is an exception, --return-nomatch asks for it',
    ['create n hash:net counters', 'add n 10.90.0.0/16', 'add n 10.90.2.0/24 nomatch', 'add n 10.90.2.2'],
    [
      'raw PREROUTING -m set --match-set n dst',
      'raw PREROUTING -m set ! --match-set n dst',
      'raw PREROUTING -m set --match-set n dst --return-nomatch',
      'raw PREROUTING -m set ! --match-set n dst --return-nomatch',
    ],
    [
      packet('eth0', C, S),
      packet('eth0', C, '10.90.2.9'),
      packet('eth0', C, B),
      packet('eth0', C, '8.8.8.8'),
    ],
  ),
  fact(
    'a network that is there for another interface hides the shorter prefixes',
    [
      'create n hash:net,iface',
      'add n 10.90.1.0/24,eth1',
      'add n 10.90.0.0/16,eth0',
      'create o hash:net,iface',
      'add o 10.90.1.0/24,physdev:eth0',
      'add o 10.90.0.0/16,eth0',
      'create w hash:net,iface',
      'add w 10.90.0.0/16,eth wildcard',
      'create z hash:net,iface',
      'add z 0.0.0.0/0,eth0',
    ],
    [
      'raw PREROUTING -m set --match-set n src,src',
      'raw PREROUTING -m set --match-set n dst,src',
      'raw PREROUTING -m set --match-set o src,src',
      'raw PREROUTING -m set --match-set w src,src',
      'raw PREROUTING -m set --match-set w src,dst',
      'raw PREROUTING -m set --match-set z src,src',
      'mangle FORWARD -m set --match-set w src,dst',
      'mangle POSTROUTING -m set --match-set w src,src',
      'mangle OUTPUT -m set --match-set w src,src',
    ],
    [packet('eth0', C, S), packet('eth1', S, C), packet('p0', B, C), packet('local', '10.90.1.1', C)],
  ),
  fact(
    'elements with physdev: are never what a packet of iptables asks for',
    [
      'create p hash:net,iface counters',
      'add p 10.90.3.0/24,physdev:p0',
      'create q hash:net,iface counters',
      'add q 10.90.3.0/24,p0',
      'add q 10.90.3.0/24,br0',
    ],
    ['mangle FORWARD', 'mangle PREROUTING', 'mangle POSTROUTING'].flatMap((chain) =>
      ['p', 'q'].flatMap((set) =>
        ['src,src', 'src,dst'].map((way) => `${chain} -m set --match-set ${set} ${way}`),
      ),
    ),
    [packet('p0', B, C), packet('p0', B, '10.90.3.3')],
  ),
  fact(
    'a packet is counted before the counters are compared; sets without counters meet every condition',
    ['create c hash:ip counters', `add c ${C} packets 1 bytes 100`, 'create d hash:ip', `add d ${C}`],
    [
      'raw PREROUTING -m set --match-set c src --packets-eq 2',
      'raw PREROUTING -m set --match-set c src --packets-lt 5 ! --update-counters',
      'raw PREROUTING -m set --match-set c src --bytes-gt 150',
      'raw PREROUTING -m set ! --match-set c src --packets-gt 7',
      'raw PREROUTING -m set --match-set c src ! --packets-eq 5 --bytes-lt 100',
      'raw PREROUTING -m set --match-set d src --packets-gt 1000',
    ],
    [packet('eth0', C, S), packet('eth0', C, S), packet('eth0', C, S), packet('eth1', S, C)],
  ),
  fact(
    'in a list of sets ! --update-counters stops the member too, ! --update-subcounters the member alone',
    [
      'create a hash:ip counters',
      `add a ${C}`,
      'create b hash:ip counters',
      `add b ${C}`,
      'create la list:set counters',
      'add la a',
      'create lb list:set counters',
      'add lb b',
      'create lc list:set',
      'add lc b',
    ],
    [
      'raw PREROUTING -m set --match-set la src ! --update-counters',
      'raw PREROUTING -m set --match-set lb src ! --update-subcounters',
      'raw PREROUTING -m set --match-set lb src --packets-gt 1',
      'raw PREROUTING -m set --match-set lc src --packets-gt 1000',
    ],
    [packet('eth0', C, S), packet('eth0', C, S), packet('eth1', S, C)],
  ),
  fact(
    'what a packet adds to networks is as long as the longest prefix there',
    [
      'create n hash:net',
      'add n 192.0.2.0/24',
      'add n 192.0.0.0/16',
      'create e hash:net',
      'create i hash:ip,port,net',
      'add i 1.1.1.1,tcp:1,192.0.2.0/28',
      'create f hash:net,iface',
      'add f 192.0.2.0/23,eth9',
    ],
    [
      'raw PREROUTING -j SET --add-set n src',
      'raw PREROUTING -j SET --add-set e src',
      'raw PREROUTING -j SET --add-set i src,dst,dst',
      'raw PREROUTING -j SET --add-set f src,src',
      'raw PREROUTING -m set --match-set n dst -j SET --del-set n dst',
    ],
    [packet('eth0', C, S), packet('eth1', S, C), echo('eth1', S, '8.8.8.8')],
  ),
  fact(
    'a list gives an element to the first member that takes it',
    [
      'create a hash:ip',
      'create b hash:ip,port',
      'create c hash:ip',
      'create six hash:ip family inet6',
      'create l list:set',
      'add l six',
      'add l b',
      'add l a',
      'add l c',
    ],
    [
      'raw PREROUTING -j SET --add-set l src',
      'raw PREROUTING -j SET --add-set l src,dst',
      'mangle PREROUTING -j SET --add-set l src',
      'mangle PREROUTING -m set --match-set l src,dst',
      'mangle FORWARD -j SET --del-set l src',
    ],
    [packet('eth0', C, S), packet('eth1', S, C)],
  ),
  fact(
    'what a packet adds begins with that packet counted; --exist begins it anew, with its timeout',
    [
      'create t hash:ip timeout 600 counters comment skbinfo',
      `add t ${C} timeout 200 packets 7 bytes 70 comment "seen" skbmark 0x5`,
      'create u hash:ip timeout 600 counters comment skbinfo',
      `add u ${C} timeout 200 packets 7 bytes 70 comment "seen" skbmark 0x5`,
      'create v hash:ip',
    ],
    [
      'raw PREROUTING -j SET --add-set t src --timeout 400',
      'raw PREROUTING -j SET --add-set u src --exist --timeout 400',
      'raw PREROUTING -j SET --add-set t dst --timeout 0',
      'raw PREROUTING -j SET --add-set v dst --timeout 5 --exist',
    ],
    [packet('eth0', C, S), packet('eth0', C, B)],
  ),
  fact(
    'mappings: the mark under its mask, nothing without skbinfo',
    [
      'create m hash:ip skbinfo',
      `add m ${C} skbmark 0x2/0x3 skbprio 1:2`,
      `add m ${S}`,
      'create n hash:ip',
      `add n ${C}`,
      'create l list:set skbinfo',
      'add l m skbmark 0x70',
      'create k list:set',
      'add k m',
    ],
    [
      'mangle PREROUTING -j MARK --set-xmark 0x9/0xffffffff',
      'mangle PREROUTING -j SET --map-set m src --map-mark',
      'mangle PREROUTING -m mark --mark 0xa',
      'mangle FORWARD -j SET --map-set n src --map-mark --map-prio',
      'mangle FORWARD -m mark --mark 0xa',
      'mangle POSTROUTING -j SET --map-set l src --map-mark --map-prio',
      'mangle POSTROUTING -m mark --mark 0x70',
      'mangle POSTROUTING -j SET --map-set k src --map-mark',
      'mangle POSTROUTING -m mark --mark 0x72',
    ],
    [packet('eth0', C, S), packet('eth1', S, C), packet('p0', B, C)],
  ),
  fact(
    'bitmap:ip,mac: an element without a MAC address takes that of the first packet, and counts anew',
    [
      'create m bitmap:ip,mac range 10.90.0.0/16 timeout 600 counters comment',
      `add m ${C} timeout 300 packets 4 bytes 40 comment "mine"`,
      `add m ${S},02:aa:00:00:00:09`,
      `add m ${B},02:aa:00:00:00:03`,
      'create n bitmap:ip,mac range 10.90.0.0/16',
    ],
    [
      'raw PREROUTING -m set --match-set m src,src',
      'raw PREROUTING -m set --match-set m src,dst',
      'raw PREROUTING -j SET --add-set n src,src',
      'mangle OUTPUT -m set --match-set n src,src',
      'mangle POSTROUTING -m set --match-set n src,src',
    ],
    [
      packet('eth0', C, S),
      packet('eth0', C, S),
      packet('eth1', S, C),
      packet('p0', B, C),
      packet('local', '10.90.1.1', C),
    ],
  ),
  fact(
    'too few directions never match, more than the dimensions do',
    ['create p hash:ip,port', `add p ${C},udp:53`, 'create h hash:ip', `add h ${C}`],
    ['src', 'src,dst', 'src,src', 'src,dst,dst', 'dst,dst'].flatMap((way) => [
      `raw PREROUTING -m set --match-set p ${way}`,
      `raw PREROUTING -m set ! --match-set p ${way}`,
      `raw PREROUTING -m set --match-set h ${way}`,
    ]),
    [packet('eth0', C, S), packet('eth1', S, C)],
  ),
  fact(
    'ports: the ICMP type and code, 0 of protocols without, none of later fragments that should have some',
    [
      'create p hash:ip,port',
      `add p ${C},icmp:echo-request`,
      `add p ${C},sctp:53`,
      `add p ${C},udplite:53`,
      `add p ${C},gre:0`,
      `add p ${C},tcp:80`,
      'create q hash:net,port counters',
    ],
    [
      'raw PREROUTING -m set --match-set p src,dst',
      'raw PREROUTING -m set ! --match-set p src,dst',
      'raw PREROUTING -j SET --add-set q src,dst',
    ],
    [
      echo('eth0', C, S),
      tcp('eth0', C, S, 80),
      ...[132, 136].map((protocol) => packet('eth0', C, S, { protocol })),
      packet('eth0', C, S, { protocol: 47, payload: 30 }),
      laterPart(packet('eth0', C, S, { protocol: 47, payload: 30 })),
      laterPart(packet('eth0', C, S, { payload: 30 })),
      laterPart(packet('eth0', C, S, { protocol: 58, payload: 30 })),
    ],
  ),
  fact(
    'bitmap:port is about TCP and UDP alone',
    ['create b bitmap:port range 0-2000', 'add b 53', 'add b 1000'],
    [
      'raw PREROUTING -m set --match-set b dst',
      'raw PREROUTING -m set --match-set b src',
      'raw PREROUTING -j SET --del-set b dst',
    ],
    [
      ...[132, 136].map((protocol) => packet('eth0', C, S, { protocol })),
      echo('eth0', C, S),
      packet('eth0', C, S),
      packet('eth0', C, S),
      tcp('eth0', C, S, 3000),
    ],
  ),
  fact(
    'a full set takes nothing more, but what it has',
    ['create f hash:ip maxelem 2 timeout 600', 'add f 192.0.2.1', `add f ${C} timeout 100`],
    ['raw PREROUTING -j SET --add-set f src --exist', 'raw PREROUTING -j SET --add-set f dst'],
    [packet('eth0', C, S), packet('eth1', S, C)],
  ),
  {
    ...fact(
      'an element ends when its time is over, and then leaves room',
      ['create t hash:ip timeout 600 maxelem 2', `add t ${C} timeout 2`, `add t ${S} timeout 0`],
      ['raw PREROUTING -m set --match-set t src', 'mangle PREROUTING -j SET --add-set t dst'],
      [packet('eth0', C, S), { ...packet('eth0', C, B), after: 3 }, packet('eth0', C, B)],
    ),
  },
  fact(
    'the address 0.0.0.0 is in no hash:ip and hash:ip,port, whatever adds it',
    [
      'create i hash:ip',
      'create p hash:ip,port',
      'create m hash:ip netmask 8',
      'create n hash:net',
      'create d hash:ip,port,ip',
      'create b bitmap:ip range 0.0.0.0/24',
    ],
    ['i src', 'p src,dst', 'm src', 'n src', 'd src,dst,dst', 'b src'].flatMap((reference) => [
      `raw PREROUTING -j SET --add-set ${reference}`,
      `mangle PREROUTING -m set --match-set ${reference}`,
    ]),
    [
      {
        ...packet('eth0', '0.0.0.0', '255.255.255.255'),
        skb: { ...packet('eth0', '0.0.0.0', '255.255.255.255').skb, etherDestination: 0xffffffffffff },
      },
      packet('eth0', C, S),
    ],
  ),
  fact(
    'masks: a netmask and a bitmask reduce what is added and what is asked',
    [
      'create n hash:ip netmask 24',
      'add n 10.90.1.77',
      'create b hash:ip bitmask 255.0.0.255',
      'add b 10.1.1.2',
      'create p hash:ip,port netmask 16',
      'add p 10.90.1.1,udp:53',
      'create m bitmap:ip range 10.90.0.0/16 netmask 24',
      'add m 10.90.2.0/24',
    ],
    ['n src', 'b src', 'p src,dst', 'm dst'].flatMap((reference) => [
      `raw PREROUTING -m set --match-set ${reference}`,
      `mangle PREROUTING -j SET --add-set ${reference}`,
    ]),
    [packet('eth0', C, S), packet('eth1', S, C), packet('p0', B, '8.8.8.8')],
  ),
  fact(
    'IPv6: networks, ports, masks, ICMPv6 types',
    [
      'create n hash:net family inet6 counters',
      'add n fd90::/16',
      'add n fd90:2::/64 nomatch',
      'create p hash:ip,port family inet6',
      `add p ${C6},icmpv6:echo-request`,
      `add p ${C6},udp:53`,
      'create m hash:ip family inet6 netmask 64',
      `add m ${C6}`,
      'create i hash:net,iface family inet6',
      'add i ::/0,eth0',
      'create b bitmap:port range 0-100',
      'add b 53',
      'create l list:set',
      'add l n',
      'add l b',
    ],
    ['n src', 'n dst', 'p src,dst', 'm src', 'm dst', 'i src,src', 'b dst', 'l dst'].map(
      (reference) => `raw PREROUTING -m set --match-set ${reference}`,
    ),
    [packet('eth0', C6, S6), echo('eth0', C6, S6), packet('eth1', S6, C6), packet('eth1', S6, 'fd99::8')],
    true,
  ),
];
