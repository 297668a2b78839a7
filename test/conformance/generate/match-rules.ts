/** Random rules of one match each: `{a|b}` is one of them, `?` before an option may become `!`. */
import type { Family } from '../../../src/net/ip.ts';
import type { Hook, TableName } from '../../../src/xtables/rule.ts';
import type { Random } from '../random.ts';

/** How rules of an extension are made, and what it takes to try them. */
export interface Words {
  readonly name: string;
  readonly families?: readonly Family[];
  /** What stands before the options, `-p` above all. */
  readonly head?: string;
  readonly options: readonly string[];
  /** How many of them, at least and at most. */
  readonly count: readonly [number, number];
  /** Always given, behind the others. */
  readonly tail?: string;
  /** `mangle` and `PREROUTING` when absent. */
  readonly table?: TableName;
  readonly chain?: Hook;
  /** Seconds to wait before a packet, of which one is chosen. */
  readonly pauses?: readonly number[];
  /** Few sources and destinations, so that they come again. */
  readonly few?: true;
  /** Commands of the router before the rules are loaded. */
  readonly settings?: readonly string[];
}

export type MatchWords = Words;

const PORT = '{0|1|50|53|80|80:90|:100|100:|50:150|99:101|150:65535|65535|:49|101:2000}';
const SPI = '{0|5|100|100:200|:150|150:|201:|:99|0xffffffff|1:4|100:100}';
const FLAG_LIST = '{ALL|SYN|SYN,ACK|FIN,SYN,RST,ACK|SYN,RST|FIN,PSH,URG|ACK|RST|NONE|PSH|URG,FIN}';
const CHUNKS =
  '{DATA|INIT|SACK|ABORT|DATA,SACK|INIT,DATA|DATA:B|DATA:Be|DATA:ib|DATA:U|ABORT:T|ABORT:t,DATA|SHUTDOWN_COMPLETE:T|ECN_CWR|ASCONF|FORWARD_TSN,ASCONF_ACK|ALL|NONE}';
const ADDRESS4 = '{10.90.1.2|10.90.1.4|10.90.2.2|10.90.2.6|10.90.1.1|0.0.0.0|255.255.255.255|10.90.1.255}';
const ADDRESS6 = '{fd90:1::2|fd90:1::4|fd90:2::2|fd90:1::1|::|fd90:2::5}';
const HOP = '{fd90:2::2|fd90:2::3|fd90:2::4|fd90:2::5}';
const BYTE = '{0|1|2|3|4|5|8|16|17|40|59|255}';

/** Within a jiffy (4 ms at 250 Hz) the kernel counts a connection as often as it comes by. */
const JIFFIES = 0.009;

export const MATCH_WORDS: readonly MatchWords[] = [
  {
    name: 'tcp',
    head: '-p tcp',
    options: [
      `?--sport ${PORT}`,
      `?--dport ${PORT}`,
      `?--tcp-flags ${FLAG_LIST.replace('NONE|', '')} ${FLAG_LIST}`,
      '?--syn',
      '?--tcp-option {1|2|3|4|5|8|19|30|254|255|0}',
    ],
    count: [0, 3],
  },
  { name: 'udp', head: '-p udp', options: [`?--sport ${PORT}`, `?--dport ${PORT}`], count: [0, 2] },
  {
    name: 'multiport',
    head: '-p {tcp|udp|sctp|dccp|udplite}',
    options: [
      '?--{sports|dports|ports} {53|53,80|1:50,80|0|100:200,53,65535|99:101|50,150|1:65535|1,2,3,4,5,6,7,8,9,10,11,12,13,14,80}',
    ],
    count: [1, 1],
  },
  {
    name: 'icmp',
    families: [4],
    head: '-p icmp',
    options: [
      '?--icmp-type {0|3|3/3|3/4|5|8|8/0|11|11/0|12/1|any|echo-request|host-unreachable|30|255/0|40/5}',
    ],
    count: [1, 1],
  },
  {
    name: 'icmp6',
    families: [6],
    head: '-p icmpv6',
    options: ['?--icmpv6-type {1|1/4|2|3|3/0|4/1|128|128/0|129|137|200|255|port-unreachable}'],
    count: [1, 1],
  },
  {
    name: 'sctp',
    head: '-p sctp',
    options: [
      `?--sport ${PORT}`,
      `?--dport ${PORT}`,
      `?--chunk-types {any|all|only} ${CHUNKS}`,
      `?--chunk-types {any|all|only} ${CHUNKS}`,
    ],
    count: [0, 2],
  },
  {
    name: 'dccp',
    head: '-p dccp',
    options: [
      `?--sport ${PORT}`,
      `?--dport ${PORT}`,
      '?--dccp-types {REQUEST|RESPONSE|DATA,ACK|DATAACK|CLOSEREQ,CLOSE|RESET|SYNC,SYNCACK|INVALID|REQUEST,RESPONSE,DATA,ACK}',
      '?--dccp-option {1|31|32|33|38|255}',
    ],
    count: [0, 3],
  },
  { name: 'esp', head: '-p esp', options: [`?--espspi ${SPI}`], count: [0, 1] },
  { name: 'ah', families: [4], head: '-p ah', options: [`?--ahspi ${SPI}`], count: [0, 1] },
  {
    name: 'ah',
    families: [6],
    options: [`?--ahspi ${SPI}`, '?--ahlen {0|12|16|24|28}', '--ahres'],
    count: [0, 3],
  },
  {
    name: 'ipcomp',
    head: '-p {108}',
    options: ['?--ipcompspi {0|5|50|50:100|:99|101:|65535|0x32}', '--compres'],
    count: [0, 2],
  },
  {
    name: 'mh',
    families: [6],
    head: '-p mh',
    options: ['?--mh-type {0|1|bu|0:255|2:5|:3|7:|brr|hoti:cot}'],
    count: [0, 1],
  },
  {
    name: 'frag',
    families: [6],
    options: [
      '?--fragid {5|5:7|:6|8:}',
      '?--fraglen {0|8|16}',
      '--fragres',
      '--fragfirst',
      '{--fragmore|--fraglast}',
    ],
    count: [0, 3],
  },
  {
    name: 'hbh',
    families: [6],
    options: [
      '?--hbh-len {0|8|16|24}',
      '--hbh-opts {1|5|5:2|1,5|1:2,5:2|1:4|4|4:12|0|0,0,0|1:0,5|1:255|30:4|1:1,1}',
    ],
    count: [0, 2],
  },
  {
    name: 'dst',
    families: [6],
    options: [
      '?--dst-len {0|8|16|24}',
      '--dst-opts {1|5|5:2|1,5|1:2,5:2|1:4|4|4:12|0|0,0,0|1:0,5|1:255|30:4|1:1,1}',
    ],
    count: [0, 2],
  },
  {
    name: 'rt',
    families: [6],
    options: ['?--rt-segsleft {0|1|0:1|2|:1|1:}', '?--rt-len {0|8|24|40|56}'],
    tail:
      '{|--rt-type 0|! --rt-type 0|--rt-type 4|--rt-type 0 --rt-0-res|--rt-type 0 --rt-0-addrs ' +
      HOP +
      '|--rt-type 0 --rt-0-addrs ' +
      HOP +
      ',' +
      HOP +
      '|--rt-type 0 --rt-0-addrs ' +
      HOP +
      ' --rt-0-not-strict|--rt-type 0 --rt-0-addrs ' +
      HOP +
      ',' +
      HOP +
      ' --rt-0-not-strict}',
    count: [0, 2],
  },
  {
    name: 'srh',
    families: [6],
    options: [
      `?--srh-next-hdr ${BYTE}`,
      '?--srh-hdr-len-{eq|gt|lt} {0|2|4|6}',
      '?--srh-segs-left-{eq|gt|lt} {0|1|2}',
      '?--srh-last-entry-{eq|gt|lt} {0|1|2|255}',
      '?--srh-tag {0|1|9|10|11}',
      `?--srh-psid {fd90:2::/64|${HOP}|::/0}`,
      `?--srh-nsid {fd90:2::/64|${HOP}|::/0}`,
      `?--srh-lsid {fd90:2::/64|${HOP}|::/0}`,
    ],
    count: [0, 2],
  },
  {
    name: 'ipv6header',
    families: [6],
    options: [
      '?--header {hop|hop,prot|prot|dst,prot|dst|frag,prot|route,prot|none|esp|auth|auth,prot|dst,route,prot|hop,dst,route,frag,auth,esp,none,prot|frag|auth,esp|255|0,60}',
    ],
    tail: '{|--soft}',
    count: [1, 1],
  },
  { name: 'eui64', families: [6], options: [], count: [0, 0] },
  {
    name: 'mac',
    options: [
      '?--mac-source {02:aa:00:00:00:01|02:aa:00:00:00:00|02:11:22:33:44:55|00:11:22:33:44:55|ff:ff:ff:ff:ff:ff}',
    ],
    count: [1, 1],
  },
  { name: 'pkttype', options: ['?--pkt-type {unicast|broadcast|multicast|otherhost}'], count: [1, 1] },
  { name: 'length', options: ['?--length {0|20|28|40|41:60|:39|29:|52|48|60:80|:44}'], count: [1, 1] },
  {
    name: 'ttl',
    families: [4],
    options: ['{?--ttl-eq|--ttl-lt|--ttl-gt} {0|1|2|10|63|64|128|255}'],
    count: [1, 1],
  },
  {
    name: 'hl',
    families: [6],
    options: ['{?--hl-eq|--hl-lt|--hl-gt} {0|1|2|10|63|64|128|255}'],
    count: [1, 1],
  },
  {
    name: 'tos',
    options: [
      '?--tos {0x10|0x10/0xff|0x00|0x00/0x10|0xb8/0xfc|0x03/0x03|0xff/0x01|0x28/0x3f|Minimize-Delay|0x00/0xff|0xe0/0xe0}',
    ],
    count: [1, 1],
  },
  {
    name: 'dscp',
    options: ['?--{dscp {0|0x0a|0x2e|4|0x38|63}|dscp-class {BE|EF|AF11|AF13|CS7|CS1}}'],
    count: [1, 1],
  },
  {
    name: 'ecn',
    head: '-p tcp',
    options: ['?--ecn-tcp-ece', '?--ecn-tcp-cwr', '?--ecn-ip-ect {0|1|2|3}'],
    count: [1, 3],
  },
  {
    name: 'tcpmss',
    head: '-p tcp',
    options: ['?--mss {0|1|400|400:500|:1460|1460:1460|1461:|65535|501:1459}'],
    count: [1, 1],
    chain: 'FORWARD',
  },
  {
    name: 'iprange',
    families: [4],
    options: [
      `?--src-range {10.90.1.2-10.90.1.4|10.90.1.3|0.0.0.0-255.255.255.255|10.90.1.6-10.90.1.255|10.90.1.4-10.90.1.3|${ADDRESS4}}`,
      `?--dst-range {10.90.2.3-10.90.2.5|${ADDRESS4}|10.90.2.0-10.90.2.2}`,
    ],
    count: [1, 2],
  },
  {
    name: 'iprange',
    families: [6],
    options: [
      `?--src-range {fd90:1::2-fd90:1::4|fd90:1::3|::-ffff::|${ADDRESS6}}`,
      `?--dst-range {fd90:2::2-fd90:2::5|fd90:1::-fd90:1::1|${ADDRESS6}}`,
    ],
    count: [1, 2],
  },
  {
    name: 'string',
    options: [
      '?--string {hello|HELLO|x|ello|ab|cd|HELLOcd|lo}',
      '--icase',
      '--from {0|20|28|29|40|48|60}',
      '--to {20|27|28|30|33|36|40|49|60|1000}',
    ],
    tail: '--algo {bm|kmp}',
    count: [1, 4],
  },
  {
    name: 'string',
    options: [
      '?--hex-string {"|68 65|"|"|4845|LLO"|"a|62|"|"|0000|"|"|00 00 00 00|"|"|ff|"}',
      '--icase',
      '--from {0|20|28|29|40|48|60}',
      '--to {20|27|28|30|33|36|40|49|60|1000}',
    ],
    tail: '--algo {bm|kmp}',
    count: [1, 4],
  },
  {
    name: 'u32',
    options: [
      '?--u32 "{6&0xFF=17|6&0xFF=6,17|0>>22&0x3C@0>>16=0:99,80|0>>22&0x3C@0&0xFFFF=53|4&0x1FFF=0|0=0x45000000:0x4500ffff|0>>22&0x3C@12>>26&0x3C@0=0:0xffffffff|40=0x0:0xffffffff|64=0|100=0|6&0xFF=6&&0>>22&0x3C@12>>24&0xf0=0x50|0&0xFF<<4=0|16=0xa5a0202|16=0xa5a0202:0xa5a0204|2>>16=0:48|0>>22&0x3C@1000=0|0>>22&0x3c@0>>16@0=0:0xffffffff}"',
    ],
    count: [1, 1],
  },
  {
    name: 'bpf',
    options: [
      '--bytecode "{4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0|6,40 0 0 6,69 3 0 8191,48 0 0 9,21 0 1 17,6 0 0 65535,6 0 0 0|5,177 0 0 0,72 0 0 2,21 0 1 53,6 0 0 1,6 0 0 0|3,128 0 0 0,22 0 0 0,6 0 0 0|4,128 0 0 0,53 0 1 48,6 0 0 1,6 0 0 0|4,32 0 0 60,21 0 1 0,6 0 0 1,6 0 0 0|6,128 0 0 0,148 0 0 7,2 0 0 3,96 0 0 3,21 1 0 0,6 0 0 1,6 0 0 0|1,6 0 0 0|1,6 0 0 1}"',
    ],
    count: [1, 1],
  },
  { name: 'comment', options: ['--comment {x|"two words"}'], count: [1, 1] },
  {
    name: 'policy',
    options: [],
    tail: '--dir in {--pol none|--pol ipsec|--pol ipsec --strict --proto esp|--pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8 --strict}',
    families: [4],
    count: [0, 0],
    chain: 'FORWARD',
  },
  {
    name: 'policy',
    options: [],
    tail: '--dir {in|out} {--pol none|--pol ipsec|--pol ipsec --strict --proto esp --next --reqid 5|--pol ipsec --mode tunnel --tunnel-dst fd90:2::/64 --strict}',
    families: [6],
    count: [0, 0],
    chain: 'FORWARD',
  },
  {
    name: 'addrtype',
    options: [
      '?--src-type {LOCAL|UNICAST|BROADCAST|MULTICAST|LOCAL,BROADCAST|ANYCAST,UNICAST}',
      '?--dst-type {LOCAL|UNICAST|BROADCAST|MULTICAST|LOCAL,UNICAST|BLACKHOLE}',
    ],
    tail: '{||--limit-iface-in}',
    count: [1, 2],
    chain: 'PREROUTING',
    families: [4],
  },
  {
    name: 'limit',
    options: ['--limit {1/s|5/s|10/second|20/s|3/s|100/sec|1/min|7/s}', '--limit-burst {1|2|3|5|8}'],
    count: [1, 2],
    pauses: [0, 0, 0, 0.05, 0.3],
    few: true,
  },
  {
    name: 'hashlimit',
    options: [
      '--hashlimit-burst {1|2|3|4}',
      '--hashlimit-mode {srcip|dstip|srcport|dstport|srcip,dstip|srcip,dstport|srcip,srcport,dstip,dstport}',
      '--hashlimit-srcmask {0|24|31|30}',
      '--hashlimit-dstmask {0|24|31|30}',
      '--hashlimit-htable-expire {60000|100000}',
      '--hashlimit-htable-size {16|100}',
      '--hashlimit-htable-max {1|2|16|18}',
    ],
    tail: '--hashlimit-{upto|above} {5/s|10/s|2/sec|1/min|20/s} --hashlimit-name h{1|2|3|4|5|6|7|8|9|0}{1|2|3|4|5}',
    count: [0, 4],
    pauses: [0, 0, 0, 0.05, 0.25],
    few: true,
  },
  {
    name: 'hashlimit',
    options: ['--hashlimit-mode {srcip|dstip|srcip,dstport}', '--hashlimit-htable-expire 60000'],
    tail: '--hashlimit-{upto|above} {{1kb/s|2kb/s|500b/s}|1kb/s --hashlimit-burst 3kb|500b/s --hashlimit-burst 2kb} --hashlimit-name b{1|2|3|4|5|6|7|8|9|0}{1|2|3|4|5}',
    count: [0, 2],
    pauses: [0, 0, 0, 0.05, 0.25],
    few: true,
  },
  {
    name: 'hashlimit',
    options: ['--hashlimit-mode {srcip|dstip|srcip,dstport}', '--hashlimit-rate-interval {1|2}'],
    tail: '--hashlimit-{upto|above} {2/s|5/s|10/s|1kb/s|500b/s} --hashlimit-rate-match --hashlimit-htable-expire 60000 --hashlimit-name r{1|2|3|4|5|6|7|8|9|0}{1|2|3|4|5}',
    count: [0, 2],
    pauses: [0, 0, 0, 0.05, 0.3],
    few: true,
  },
  {
    name: 'recent',
    options: [
      '--name {a|b|c}',
      '{--rsource|--rdest}',
      '--mask {255.255.255.255|255.255.255.0|255.255.255.252}',
    ],
    tail: '{?--set|?--set|?--remove|?--rcheck|?--update|?--rcheck --seconds 1|?--update --seconds 1|?--rcheck --hitcount {2|3|5}|?--update --hitcount {2|3}|?--update --seconds 1 --hitcount {2|3}|?--rcheck --seconds 1 --reap|?--update --seconds 1 --hitcount 2 --reap|?--rcheck --rttl|?--update --rttl --hitcount 2}',
    families: [4],
    count: [0, 3],
    pauses: [0, 0, 0, 0.05, 0.4],
    few: true,
  },
  {
    name: 'recent',
    options: [
      '--name {a|b|c}',
      '{--rsource|--rdest}',
      '--mask {ffff:ffff:ffff:ffff::|ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe}',
    ],
    tail: '{?--set|?--remove|?--rcheck|?--update|?--rcheck --seconds 1|?--update --hitcount {2|3}|?--rcheck --rttl}',
    families: [6],
    count: [0, 3],
    pauses: [0, 0, 0, 0.05],
    few: true,
  },
  {
    name: 'statistic',
    options: [],
    tail: '--mode nth ?--every {1 --packet 0|2 --packet 0|2 --packet 1|3 --packet 2|5 --packet 3|7 --packet 0}',
    count: [0, 0],
  },
  { name: 'quota', options: ['?--quota {0|28|100|500|1000|1500}'], count: [1, 1] },
  {
    name: 'cluster',
    options: [],
    tail: '--cluster-total-nodes {2 ?--cluster-local-node {1|2}|3 ?--cluster-local-nodemask {1|2|5}|5 --cluster-local-nodemask 0x15|7 --cluster-local-node 3} --cluster-hash-seed {0|0xdeadbeef|1234}',
    count: [0, 0],
  },
  {
    name: 'time',
    options: [
      '--timestart {00:00|06:00|12:00|18:00:30|23:59:59}',
      '--timestop {00:00|06:00|12:00|20:00:30|23:59:59}',
      '?--weekdays {Mon|Sat|Sat,Sun|Fri|Mon,Tue,Wed,Thu,Fri}',
      '?--monthdays {1,2,3|28|27,28,29|31}',
      '--datestart {2020-01-01|2026-11-28|2030-01-01}',
      '--datestop {2020-01-01|2026-11-28T12:00:00|2035-01-01}',
    ],
    count: [1, 4],
  },
  {
    name: 'owner',
    options: ['?--uid-owner {0|1-100}', '?--gid-owner 0', '?--socket-exists'],
    count: [1, 3],
    chain: 'POSTROUTING',
  },
  {
    name: 'physdev',
    options: [
      '?--physdev-in {p0|p+|eth0}',
      '?--physdev-is-in',
      '?--physdev-is-bridged',
      '?--physdev-is-out',
      '?--physdev-out {p1|p+}',
    ],
    count: [1, 3],
    chain: 'FORWARD',
  },
  {
    name: 'state',
    options: ['?--state {NEW|INVALID|ESTABLISHED|NEW,INVALID|UNTRACKED|RELATED}'],
    count: [1, 1],
  },
  { name: 'connlabel', options: [], tail: '?--label {0|5|127}{|| --set}', count: [0, 0], few: true },
  {
    name: 'connlimit',
    families: [4],
    options: ['--connlimit-mask {0|24|30|31|32}', '{--connlimit-saddr|--connlimit-daddr}'],
    tail: '?--connlimit-{upto|above} {0|1|2|3|5}',
    count: [0, 2],
    pauses: [JIFFIES],
    few: true,
  },
  {
    name: 'connlimit',
    families: [6],
    options: ['--connlimit-mask {0|64|126|127|128}', '{--connlimit-saddr|--connlimit-daddr}'],
    tail: '?--connlimit-{upto|above} {0|1|2|3|5}',
    count: [0, 2],
    pauses: [JIFFIES],
    few: true,
  },
  { name: 'connmark', options: ['?--mark {0|1|0/1|0/0}'], count: [1, 1] },
  {
    name: 'conntrack',
    options: [
      '?--ctstate {NEW|INVALID|ESTABLISHED|NEW,INVALID|UNTRACKED|RELATED}',
      '?--ctproto {tcp|udp|icmp|132|50}',
      '?--ctorigsrc {10.90.1.2|10.90.1.0/30|10.90.1.4/31}',
      '?--ctreplsrc 10.90.2.0/30',
      '?--ctorigdstport {53|80|:100|151}',
      '?--ctreplsrcport {53|80|:100}',
      '?--ctstatus {NONE|CONFIRMED|SEEN_REPLY|ASSURED,CONFIRMED}',
      '?--ctexpire {0|1:100|29:30|400:500}',
      '--ctdir {ORIGINAL|REPLY}',
    ],
    count: [1, 3],
    families: [4],
  },
  { name: 'mark', options: ['?--mark {0|1|0/1|0x2/0x3|0/0|5}'], count: [1, 1] },
];

/** Rules of the match that iptables may still refuse: whoever loads them leaves those out. */
export function matchRules(random: Random, words: MatchWords, count: number): string[] {
  const rules = new Set<string>();
  for (let i = 0; i < count; i++) rules.add(wordsRule(random, words, `-m ${words.name}`));
  return [...rules];
}

/** A rule of `use` (`-m NAME`, `-j NAME`) with some of the options. */
export function wordsRule(random: Random, words: Words, use: string): string {
  const [least, most] = words.count;
  const left = [...words.options];
  const parts = [words.head ?? '', use];
  for (let i = least + random.below(most - least + 1); i > 0 && left.length > 0; i--) {
    const option = left.splice(random.below(left.length), 1)[0] ?? '';
    parts.push(expand(random, option));
  }
  if (words.tail !== undefined) parts.push(expand(random, words.tail));
  return parts
    .map((part) => expand(random, part))
    .filter((part) => part !== '')
    .join(' ');
}

/** Innermost braces first, so that they may stand inside each other. */
function expand(random: Random, template: string): string {
  let text = template;
  for (let found = /\{([^{}]*)\}/.exec(text); found; found = /\{([^{}]*)\}/.exec(text)) {
    const choices = alternatives(found[1] ?? '');
    text = text.slice(0, found.index) + random.pick(choices) + text.slice(found.index + found[0].length);
  }
  return text.replaceAll(/(^|(?<= ))\?(?=--)/g, () => (random.chance(0.3) ? '! ' : ''));
}

/** Bars inside quotation marks don't separate. */
function alternatives(text: string): string[] {
  const list = [''];
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (char === '|' && !quoted) list.push('');
    else list[list.length - 1] += char;
  }
  return list;
}
