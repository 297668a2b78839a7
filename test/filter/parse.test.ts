import { describe, expect, it } from 'vitest';
import { isFault } from '../../src/filter/fault.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import { parsePasted } from '../../src/filter/pasted.ts';
import { printFilter } from '../../src/filter/print.ts';

/** What is typed, and the same said at length. */
const EXPRESSIONS: readonly (readonly [typed: string, atLength: string])[] = [
  ['10.0.0.2 > 8.8.8.8:53', 'flow 10.0.0.2 > 8.8.8.8:53'],
  ['udp 10.0.0.2:40000 > 8.8.8.8:53', 'udp and flow 10.0.0.2:40000 > 8.8.8.8:53'],
  ['tcp 10.0.0.2 → 8.8.8.8:53', 'tcp and flow 10.0.0.2 > 8.8.8.8:53'],
  ['udp 10.0.0.2 <> 8.8.8.8:53', 'udp and flow 10.0.0.2 <> 8.8.8.8:53'],
  ['10.0.0.2:1 <-> 8.8.8.8:53', 'flow 10.0.0.2:1 <> 8.8.8.8:53'],
  ['8.8.8.8:53 <- 10.0.0.2', 'flow 10.0.0.2 > 8.8.8.8:53'],
  ['tcp 10.0.0.2:40000 8.8.8.8:53', 'tcp and flow 10.0.0.2:40000 <> 8.8.8.8:53'],
  ['icmp 10.0.0.2 > 8.8.8.8', 'icmp and flow 10.0.0.2 > 8.8.8.8'],
  ['icmp fd00::2 > fd00::1', 'icmpv6 and flow fd00::2 > fd00::1'],
  ['10.0.0.2.40000 > 8.8.8.8.53:', 'flow 10.0.0.2:40000 > 8.8.8.8:53'],
  ['8.8.8.8.domain > any', 'flow 8.8.8.8:53 > any'],
  ['fd00::1.4711 > fd00::2.80:', 'flow [fd00::1]:4711 > [fd00::2]:80'],
  ['[fd00::1]:80 > [fe80::1%eth0]:443', 'flow [fd00::1]:80 > [fe80::1]:443'],
  ['[::ffff:10.0.0.2]:80 > any', 'flow 10.0.0.2:80 > any'],
  ['10.0.0.0/8 > *:https', 'flow 10.0.0.0/8 > *:443'],
  ['[fd00::/8]:80 > any', 'flow [fd00::/8]:80 > any'],
  ['web:http > node-1/db', 'flow web:80 > node-1/db'],
  ['web->db:5432', 'flow web > db:5432'],
  ['"and" > "a b":80', 'flow "and" > "a b":80'],
  ['10.0.0.2', 'host 10.0.0.2'],
  [':53', 'port 53'],
  ['10.0.0.2:53', 'flow 10.0.0.2:53 <> any'],
  ['host 10.0.0.2 and port 53', 'host 10.0.0.2 and port 53'],
  ['src host 10.0.0.2 && dst port 53', 'src host 10.0.0.2 and dst port 53'],
  ['src 10.0.0.2 or dst 10.0.0.3', 'src host 10.0.0.2 or dst host 10.0.0.3'],
  ['net 10.0.0.0/8', 'host 10.0.0.0/8'],
  ['host 10.0.0.2 or 10.0.0.3', 'host 10.0.0.2 or host 10.0.0.3'],
  ['tcp port 80 or 443', '(tcp and port 80) or port 443'],
  ['port 80,443,8000-8100', 'port 80 or port 443 or port 8000-8100'],
  ['portrange 1-1023', 'port 1-1023'],
  ['not port 22 and not arp', 'not port 22 and not arp'],
  ['!(port 22 or icmp)', 'not (port 22 or icmp)'],
  ['not not tcp', 'tcp'],
  ['proto 50 or proto esp or proto ospf', 'esp or esp or proto 89'],
  ['ip and not ip6', 'ip and not ip6'],
  ['ip.addr == 10.0.0.2 && tcp.port == 443', 'host 10.0.0.2 and tcp and port 443'],
  ['ip.src==10.0.0.2 and udp.dstport eq 53', 'src host 10.0.0.2 and udp and dst port 53'],
  ['ipv6.dst != fd00::1', 'not dst host fd00::1'],
  ['time 10:00:00..10:00:30', 'time 10:00:00..10:00:30'],
  ['time +1m..+90s and tcp', 'time +60s..+90s and tcp'],
  ['time 2026-11-29T10:00+01:00..', 'time 2026-11-29T09:00:00Z..'],
  ['time ..1764410400.25', 'time ..2025-11-29T10:00:00.25Z'],
];

describe('expressions', () => {
  it.each(EXPRESSIONS)('%s', (typed, atLength) => {
    const filter = parseFilter(typed);
    expect(isFault(filter) ? filter : printFilter(filter)).toBe(atLength);
    expect(parseFilter(atLength)).toEqual(filter);
  });
});

const PASTED: readonly (readonly [tool: string, line: string, filter: string])[] = [
  [
    'tcpdump',
    '14:02:11.123456 IP 10.0.0.2.40000 > 8.8.8.8.53: 4711+ A? example.org. (29)',
    'udp and flow 10.0.0.2:40000 <> 8.8.8.8:53',
  ],
  [
    'tcpdump',
    '14:02:11.1 eth0  Out IP 10.0.0.2.40000 > 10.0.0.9.80: Flags [S], seq 1, win 64240, length 0',
    'tcp and flow 10.0.0.2:40000 <> 10.0.0.9:80',
  ],
  [
    'tcpdump',
    '14:02:11.1 IP6 fd00::2.40000 > fd00::9.80: Flags [S], seq 1, length 0',
    'tcp and flow [fd00::2]:40000 <> [fd00::9]:80',
  ],
  [
    'tcpdump',
    '10:00:00.1 IP 10.0.0.2 > 8.8.8.8: ICMP echo request, id 1, seq 1, length 64',
    'icmp and flow 10.0.0.2 <> 8.8.8.8',
  ],
  ['tcpdump', '10.0.0.2.40000 > 8.8.8.8.53:', 'flow 10.0.0.2:40000 <> 8.8.8.8:53'],
  [
    'conntrack',
    'udp      17 28 src=10.0.0.2 dst=8.8.8.8 sport=40000 dport=53 [UNREPLIED] src=8.8.8.8 dst=192.0.2.9 sport=53 dport=40000 mark=0 use=1',
    'udp and flow 10.0.0.2:40000 > 8.8.8.8:53',
  ],
  [
    'conntrack',
    'ipv6     10 tcp      6 431999 ESTABLISHED src=fd00::2 dst=fd00::9 sport=40000 dport=80 src=fd00::9 dst=fd00::2 sport=80 dport=40000 [ASSURED] use=1',
    'tcp and flow [fd00::2]:40000 > [fd00::9]:80',
  ],
  [
    'conntrack',
    'icmp 1 29 src=10.0.0.2 dst=8.8.8.8 type=8 code=0 id=7 src=8.8.8.8 dst=10.0.0.2 type=0 code=0 id=7',
    'icmp and flow 10.0.0.2 > 8.8.8.8',
  ],
  [
    'ss',
    'tcp   ESTAB  0      0      10.0.0.2%eth0:40000      8.8.8.8:443  users:(("curl",pid=7,fd=3))',
    'tcp and flow 10.0.0.2:40000 <> 8.8.8.8:443',
  ],
  ['ss', 'ESTAB 0 0 10.0.0.2:40000 8.8.8.8:https', 'flow 10.0.0.2:40000 <> 8.8.8.8:443'],
  ['ss', 'tcp LISTEN 0 511 0.0.0.0:80 0.0.0.0:*', 'tcp and flow *:80 <> any'],
  [
    'netstat',
    'tcp        0      1 10.0.0.2:40000          8.8.8.8:443             SYN_SENT',
    'tcp and flow 10.0.0.2:40000 <> 8.8.8.8:443',
  ],
  ['wireshark', '10.0.0.2,40000,8.8.8.8,53,12,1500,0,6,700', 'flow 10.0.0.2:40000 <> 8.8.8.8:53'],
  ['wireshark', '"fd00::2","fd00::9","12","1500"', 'flow fd00::2 <> fd00::9'],
  [
    'tshark',
    '10.0.0.2:40000       <-> 8.8.8.8:53       4 240 bytes      0 0 bytes',
    'flow 10.0.0.2:40000 <> 8.8.8.8:53',
  ],
  [
    'kernel log',
    '[ 12.3] DROP: IN=br0 OUT=eth0 MAC=… SRC=10.0.0.2 DST=8.8.8.8 LEN=60 TTL=63 PROTO=TCP SPT=40000 DPT=443 WINDOW=64240 SYN',
    'tcp and flow 10.0.0.2:40000 <> 8.8.8.8:443',
  ],
];

describe('lines that were pasted', () => {
  it.each(PASTED)('%s: %s', (_, line, expected) => {
    const filter = parsePasted(line);
    expect(filter && printFilter(filter)).toBe(expected);
  });

  it.each(['', 'tcp', 'tcp 10.0.0.2 > 8.8.8.8:53', 'host 10.0.0.2', 'milk and eggs'])('none: %s', (text) => {
    expect(parsePasted(text)).toBeUndefined();
  });
});

const FAULTS: readonly (readonly [typed: string, part: string, why: RegExp])[] = [
  ['tcp 10.0.0.2 > 8.8.8.8:99999', '8.8.8.8:99999', /99999 is no port/],
  ['10.0.0.300', '10.0.0.300', /no address/],
  ['10.0.0.0/33', '10.0.0.0/33', /no network/],
  ['host', '', /ends where an address/],
  ['port htpp', 'htpp', /no port, nor a service/],
  ['port 20-10', '20-10', /ends before it begins/],
  ['tcp and', '', /it ends/],
  ['and tcp', 'and', /nothing before/],
  ['(tcp or udp', '(', /not closed/],
  ['tcp)', ')', /can't stand here/],
  ['tcp udp and )', ')', /can't stand here/],
  ['10.0.0.2 >', '', /it ends/],
  ['10.0.0.2 > and', 'and', /can't be an end/],
  ['host 10.0.0.2 port 53', 'port', /`and` or `or`/],
  ['ip.addr 10.0.0.2', '10.0.0.2', /compared/],
  ['proto nonsense', 'nonsense', /no protocol/],
  ['time 10:00', '10:00', /FROM\.\.TO/],
  ['time 25:00..26:00', '25:00..26:00', /FROM\.\.TO/],
  ['host a\u001b[31mb', 'a\u001b[31mb', /neither/],
  [`${'('.repeat(1000)}tcp`, '', /within each other/],
  [`${'not '.repeat(1000)}tcp`, '', /within each other/],
];

describe('what is no filter', () => {
  it.each(FAULTS)('%j', (typed, part, why) => {
    const fault = parseFilter(typed);
    if (!isFault(fault)) throw new Error(`is read as ${printFilter(fault)}`);
    expect(fault.fault).toMatch(why);
    expect(typed.slice(fault.at, fault.at + fault.length)).toBe(part);
  });
});
