/** What a damaged file costs: the damaged part and nothing else. A long run is `npm run soak:damage`. */
import { describe, expect, it } from 'vitest';
import { corpus } from './corpus.ts';
import { readFile } from './reading.ts';
import type { Outcome } from './run.ts';
import { session } from './session.ts';
import { declared, extent, joined } from './text.ts';

const ADDRESSES = `2: a: <UP> mtu 1500 state UP
    link/ether 00:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    altname x
    inet 10.0.0.1/24 scope global a
3: b: <UP> mtu 1500 state UP
    link/ether 00:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.0.1.1/24 scope global b
`;
const TABLES = `*filter
:OUTPUT DROP [0:0]
COMMIT
*nat
:OUTPUT ACCEPT [0:0]
-A OUTPUT -j ACCEPT
COMMIT
`;
/** As `iptables -L -n` prints it, with a blank line where there is none. */
const LISTED = `Chain FORWARD (policy ACCEPT)
target     prot opt source               destination
ACCEPT     0    --  10.0.0.1             0.0.0.0/0

DROP       0    --  10.0.0.2             0.0.0.0/0

Chain X (1 references)
target     prot opt source               destination
`;
const PACKETS = `garbage
\tWin 5
12:00:00.000001 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1, win 64240, length 0
12:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 1, ack 2, win 64240, length 0
`;
const CONNECTION =
  'udp      17 20 src=10.0.0.1 dst=10.0.0.2 sport=5 dport=53 src=10.0.0.2 dst=10.0.0.1 sport=53 dport=5 mark=0 use=1';
const Z = '{"set": {"family": "ip", "name": "z", "table": "x", "type": "ipv4_addr", "handle": 2}}';
const RUNS = 200;

describe('a file that is damaged in one place', () => {
  it('is read as the whole one is, apart from the damaged part', { timeout: 120_000 }, async () => {
    const losses: string[] = [];
    let number = 0;
    const next = () => (number < RUNS ? number++ : undefined);
    const figures = await session({ seed: 10 }, next, (run, outcome) => {
      losses.push(described(run, outcome));
    });
    expect(losses).toEqual([]);
    expect(figures.runs).toBe(RUNS);
    expect(figures.held).toBeGreaterThan(RUNS);
  });

  it('comes from every corpus of the project', () => {
    const own = corpus().groups.filter(([sample]) => !sample?.path.startsWith('..'));
    expect(own).toHaveLength(4);
  });
});

describe('a damaged part', () => {
  it.each<[string, string, string, string]>([
    [
      'of binary garbage leaves a text a text',
      'ip-addr.txt',
      ADDRESSES.replace('altname', '\0\x01\x02'),
      '167772161',
    ],
    [
      'that was a link’s header leaves the link before as it was',
      'ip-addr.txt',
      ADDRESSES.replace('3: b: <UP>', '3; b'),
      `"mac":1`,
    ],
    [
      'that named a table leaves the others as they were',
      'iptables-save.txt',
      TABLES.replace('*nat', '*n!t'),
      '"policy":"DROP"',
    ],
    [
      'that was an address leaves the one before its lifetimes',
      'ip-addr.txt',
      ADDRESSES.replace(
        '    altname x\n',
        '    inet 10.0.9.1/24 scope global a\n       valid_lft 9sec preferred_lft 8sec\n',
      ).replace('    inet 10.0.0.1/24 scope global a\n', '       valid_lft 7sec preferred_lft 6sec\n'),
      '"validLifetime":9',
    ],
    [
      'that was a route of several ways leaves the one before its own',
      'ip-route.txt',
      '10.1.0.0/16 dev a scope link \n\tnexthop via 10.0.0.1 dev b weight 1 \n',
      '"nexthops":[{"dev":"a","weight":1,"flags":[]}]',
    ],
    [
      'that was a set’s name leaves the one before as it was',
      'ipset-list.txt',
      'Name: a\nType: hash:ip\nHeader: family inet hashsize 1024 maxelem 7\nx\nType: hash:ip\nHeader: family inet hashsize 1024 maxelem 8\n',
      '"maxelem":7',
    ],
    [
      'that opened a set in XML leaves the one before as it was',
      'ipset.xml',
      '<ipsets>\n<ipset name="a">\n<type>hash:ip</type>\n<header><family>inet</family><maxelem>7</maxelem>\n</ipset>\n<type>hash:ip</type>\n<header><family>inet</family><maxelem>8</maxelem>\n</ipset>\n</ipsets>\n',
      '"maxelem":7',
    ],
    [
      'that was a port leaves the one before as it was',
      'bridge-link.txt',
      '3: a: <UP> mtu 1500 master b state forwarding priority 32 cost 2 \n    hairpin off guard off \n    hairpin on guard off \n',
      '"hairpin":false',
    ],
    [
      'that was an interface leaves the one before as it was',
      'ifconfig.txt',
      'a: flags=4163<UP>  mtu 1500\n        ether 00:00:00:00:00:01  txqueuelen 1000  (Ethernet)\n\nb: x\n        ether 00:00:00:00:00:02  txqueuelen 1000  (Ethernet)\n',
      '"mac":1',
    ],
    [
      'between tables leaves the others as they were',
      'iptables-save.txt',
      TABLES.replace('*nat', ''),
      '"policy":"DROP"',
    ],
    ['at the beginning leaves tcpdump’s packets what they are', 'text', PACKETS, 'packet of 54 bytes'],
    [
      'that named the first of nft’s tables leaves the others, however far they are',
      'ruleset',
      `#\\!\n\tchain c {\n${'\t\taccept\n'.repeat(500)}\t}\n}\ntable ip u {\n\tchain d {\n\t}\n}\n`,
      '"name":"u"',
    ],
    [
      'that begins like a prompt leaves the rules of nft behind it',
      'ruleset',
      'table ip t {\n\tchain c {\n|?`>\tip saddr 1.2.3.4 drop\n$ arp operation request\n\t\ttcp dport 5\n\t}\n}\n',
      '"text":"tcp dport 5"',
    ],
    [
      'that closes more than was opened leaves the records of nft behind it',
      'nft.json',
      `{"nftables": [{"set": {"family": "ip", "name": "y", "ter": {"packets": 0}}}], "stmt": [{"counter": null}]}}, ${Z}]}`,
      '"name":"z"',
    ],
    ['that is blank now leaves the rules behind it in their chain', 'list', LISTED, '"address":167772162'],
    [
      'that declares a chain again without saying more leaves it as it was',
      'save',
      '*filter\n:A - [5:6]\n:A',
      '"counters":{"packets":5,"bytes":6}',
    ],
    [
      'with a backslash leaves what each link has on lines of its own',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n    inet 10.0.9.1/24 scope global a\n       valid_lft 9sec pref\\-1\n    inet 10.0.0.1/24 scope global a\n',
      '167772161',
    ],
    [
      'that was a link of `ip -o` leaves the next one its own',
      'ip-link.txt',
      '2: a: <UP> mtu 1500 mode DEFAULT\\    link/ether 00:00:00:00:00:01\n%x\n3: b: <UP> mtu 1500 mode DEFAULT\\    link/ether 00:00:00:00:00:02\n',
      '"mac":2',
    ],
    [
      'below a link’s line, which has nothing but addresses below, leaves it those',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n%%\n    inet 10.0.0.1/24 scope global a\n',
      '167772161',
    ],
    [
      'that ended lifetimes leaves the next address to its link',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n    inet 10.0.9.1/24 scope global a\n       valid_lft 17\n0sec%\n    inet 10.0.0.1/24 scope global a\n       valid_lft 9sec preferred_lft 9sec\n',
      '167772161',
    ],
    [
      'that was a link’s line above nothing but addresses leaves the link before as it was',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n    inet 10.0.0.1/24 scope global a\n    altname x\n    inet 10.0.1.1/24 scope global b\n',
      'links {"name":"a","flags":["UP"],"addresses":[],"index":2,"mtu":1500}',
    ],
    [
      'of the first element whose brackets end a list leaves the others what its name says',
      'ip-addr.json',
      '[{"ifindex":1,"label":"lo"},{"family":"inet6"}]},{"ifindex":2,"ifname":"a","flags":["UP"],"mtu":1500,"link_type":"ether","address":"00:00:00:00:00:09","addr_info":[]}]',
      '"mac":9',
    ],
    [
      'of a label leaves the next address to its link',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n    inet 10.0.9.1/24 scope global a\n    inet 10.0.9.2/24 scope global :x\n    inet 10.0.0.1/24 scope global a\n',
      '167772161',
    ],
    [
      'that was an address leaves the one before without lifetimes, as those of its kind are',
      'ip-addr.txt',
      '2: a: <UP> mtu 1500\n    inet 10.0.0.1/24 scope global a\n    in% ::1/64 scope link\n       valid_lft 7sec preferred_lft 6sec\n    inet 10.0.0.2/24 scope global a\n    inet 10.0.0.3/24 scope global a\n',
      '{"scope":"global","address":167772161,"length":24,"secondary":false,"flags":[]}',
    ],
    [
      'that was an interface without an empty line above leaves the one before as it was',
      'ifconfig.txt',
      'a: flags=4163<UP>  mtu 1500\n\tether 00:00:00:00:00:01\n\tstatus: active\nb; x\n\tinet 10.0.0.2 netmask 0xffffff00\n\tether 00:00:00:00:00:02\n',
      '{"name":"a","flags":["NO-CARRIER","UP"],"addresses":[],"mtu":1500,"mac":1,"linkType":"ether"}',
    ],
    [
      'of an interface that is empty now leaves it the lines below',
      'ifconfig.txt',
      'a: flags=4163<UP>  mtu 1500\n\n        inet6 ::1  prefixlen 128\n        RX packets 0  bytes 0 (0.0 B)\n',
      '"address":"1n"',
    ],
    [
      'broken off by blank lines leaves the rules behind it in their chain',
      'list',
      LISTED.replace('\nDROP', '\n-10.0.0.1\nDROP'),
      '"address":167772162',
    ],
    [
      'that named the first chain leaves a list one',
      'list',
      LISTED.replace(/^Chain.*/, '%').replace(
        /\nDROP/,
        '\nDROP'.padEnd(4000, '\nDROP       0    --  10.0.0.3             0.0.0.0/0'),
      ),
      '"name":"X"',
    ],
    [
      'of a rule of two leaves a text a text',
      'text',
      '50:\tfrom 1.2.3.4 lookup 23\n\x07]\0\n',
      '"priority":50',
    ],
    [
      'that was a socket broken in two leaves the one before without its owner',
      'ss.txt',
      'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp   LISTEN 0      128    127.0.0.1:80 0.0.0.0:*\ntcp   LISTEN\n  0    128    127.0.0.1:81 0.0.0.0:* users:(("x",pid=5,fd=3))\n',
      '"port":80,"receiveQueue":0,"sendQueue":128}',
    ],
    [
      'that was a port and begins with a letter leaves the one before as it was',
      'bridge-link.txt',
      '3: a: <UP> mtu 1500 master b state forwarding priority 32 cost 2 \nx*(5: c: <UP> mtu 1400 master b state disabled priority 32 cost 2 \n',
      '"state":"forwarding"',
    ],
    ['of one line in three', 'conntrack.txt', `udp\n17 20 src\n${CONNECTION}\n`, '"sourcePort":5'],
    [
      'of the first element leaves a list what its name says',
      'bridge-fdb.json',
      '[{"":"0","ifname":"br0","flags":["self"],"state":"permanent"},{"mac":"00:00:00:00:00:09","ifname":"br0","flags":["self"],"state":"permanent"}]',
      '"mac":9',
    ],
    [
      'that looks like another kind leaves few lines what the file’s name says',
      'ip-neigh.txt',
      '10.0.0.1 dev eth0 l~\naddr 00:00:00:00:00:08 REACHABLE\n10.0.0.2 dev eth0 lladdr 00:00:00:00:00:09 STALE\n',
      '"mac":9',
    ],
    [
      'that looks like a prompt, and is set in, doesn’t end the text',
      'ruleset',
      'table ip t {\n\tchain c {\n\t\tl3proto >ip\n\t}\n\tchain d {\n\t}\n}\n',
      '"name":"d"',
    ],
    [
      'that opened a chain leaves the one behind it, though it stands further out now',
      'ruleset',
      'table ip t {\n { - chain c {\n        drop\n    }\n    chain d {\n        accept\n    }\n}"\n\nrest of a script\n',
      '"name":"d"',
    ],
    [
      'that ends with a backslash leaves the next one',
      'ruleset',
      'table ip t {\n\tchain b {\n\t}\n^2\\{\n\tchain c {\n\t}\n}\n',
      '"name":"c"',
    ],
    [
      'with a NUL in one of two lines, the longer one',
      'ip-route.txt',
      'default v{-1\0-1ia 169.254.1.1 dev eth0 \n169.254.1.1 dev eth0 \n',
      '2851995905',
    ],
    [
      'with a NUL in it leaves the other of two lines',
      'ip-neigh.txt',
      '10.0.0.1 dev eth0 lladdr 00:00:00:00:00:09 DELAY\n{]>[@ \xe9\0    \x01>\n',
      '"mac":9',
    ],
    [
      'that became two leaves the rest what the file’s name says',
      'ip-neigh.txt',
      '10.0.0.1 dev eth0 lladdr 00:00:00:00:00:09 DELAY\n10.0.0.2 dev \0\nb:be REACHABLE\n',
      '"mac":9',
    ],
    [
      'at the beginning leaves tcpdump’s packets that say much in lines set in by a blank',
      'text',
      `${'2015-08-2,C 1:09:05.1 IP\n'}${'2015-08-22 11:09:05.615558 IP 10.0.0.1.4342 > 10.0.0.2.4342: LISP-Map-Notify, 4 record(s),\n'}${' EID 10.30.1.100/32, 1 locator(s) LOC 20.20.8.253\n'.repeat(9)}`,
      'packet of 42 bytes',
    ],
    [
      'that was a packet’s first leaves the packet above it as it was',
      'text',
      '2014-04-23 18:01:37.999999 IP (tos 0x4, ttl 64, id 3584, offset 0, flags [none], proto ICMP (1), length 23)\n    10.3.2.0 > 10.209.0.0: ICMP type-#49, length 3 [|icmp]\n    10.3.211.0 > 10.209.0.0: VRRPv3, Advertisement, (ttl 64), vrid 128, prio 69 [|vrrp]\n',
      'packet of 35 bytes',
    ],
    [
      'leaves a packet of tcpdump’s that it counts, whatever is in it',
      'text',
      '    1  1975-04-27 03:21:36.131862 TIPC v5.0 226.0.0 > 64.14.1536, headerlength 56 bytes\n    2  [Invalid header: len==0]\n\x01{|`',
      'packet of 0 bytes',
    ],
  ])('%s', async (_, name, text, expected) => {
    const { records } = await readFile(name, new Uint8Array(Buffer.from(text)));
    expect(records.map((record) => record.text).join('\n')).toContain(expected);
  });
});

it('the part of a set’s type is what its name means', () => {
  const lines = [
    'table ip t {',
    '\tmap m { # handle 1',
    '\t\tsize 5',
    '\t\ttypeof ip saddr : meta mark',
    '\t}',
    '}',
  ];
  expect(declared(lines, 4)).toBe('m');
  expect(declared(lines, 2)).toBe('m');
  expect(declared(lines, 3)).toBeUndefined();
  expect(declared(['\tchain c {', '\t\ttype filter hook input priority 0;'], 2)).toBeUndefined();
});

it('the part of a line is told without its colours', () => {
  const lines = ['table ip t {', '\tchain c {', '\t}', '', '\tchain d {', '\t}', '}'];
  const extentOf = (now: string) =>
    extent(lines, { text: lines.with(3, now).join('\n'), first: 4, last: 4, how: '' });
  expect([extentOf('x'), extentOf('}\x1b[31m'), extentOf('x\\\x1b[31m')]).toEqual([4, 7, 6]);
  expect(extentOf('}\xef\xbb\xbf')).toBe(7);
  expect(extentOf('\n-/\\')).toBe(6);
});

it('the part of a table that now is another one is that one, and what has a name in both', () => {
  const table = (family: string, chains: string) => `table ${family} t {\n${chains}}\n`;
  const block = (name: string) => `\tchain ${name} {\n\t\taccept\n\t}\n`;
  const text = table('ip', block('a') + block('b')) + table('ip6', block('a'));
  const isPart = (header: string) => {
    const damaged = text.replace('table ip6 t', header);
    const isJoined = joined(text.split('\n'), { text: damaged, first: 9, last: 9, how: '' });
    const found = (line: number, record: string) => ({ line, around: undefined, text: record });
    return [
      found(1, 'tables {"family":"ip","name":"t"}'),
      found(2, 'chains {"name":"a"}'),
      found(3, 'rules {"text":"accept"}'),
      found(5, 'chains {"name":"b"}'),
    ].map(isJoined);
  };
  expect(isPart('table  t')).toEqual([true, true, false, false]);
  expect(isPart('table ip5 t')).toEqual([false, false, false, false]);
});

it('what stands below a link’s line that isn’t one any more is no other link’s', async () => {
  const text = ADDRESSES.replaceAll(/ {4}link.*\n/g, '')
    .replace('3: b: <UP>', '3; b')
    .replace('altname x', 'altname y');
  const { records } = await readFile('ip-addr.txt', new Uint8Array(Buffer.from(text)));
  const texts = records.map((record) => record.text).join('\n');
  expect(texts).toContain('167772161');
  expect(texts).not.toContain(`${0x0a000101}`);
});

function described(run: number, { path, how, lost, thrown }: Outcome): string {
  return `run ${run}, ${path}, ${how}: ${thrown ?? lost.slice(0, 5).join('\n')}`;
}
