/** Every limit, made to bite: what is said, and that the rest is read. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LIMIT_NAMES, LIMITS, type LimitName, limitWord, parseLimit } from '../../src/base/limits.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { createAnalyst } from '../../src/live/analyst.ts';
import {
  block,
  concat,
  enhancedBlock,
  interfaceBlock,
  option,
  sectionBlock,
  text,
} from '../capture/blocks.ts';
import { directoryOf } from '../input/files.ts';
import { tarOf } from '../input/tar.ts';
import { run } from './harness.ts';

interface Row {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** `@` stands for the folder; default: `show @`. */
  readonly words?: readonly string[];
  readonly most: number;
  /** Behind the file's name: where, and what was found. */
  readonly says: string;
  readonly skipped: string;
  /** What comes out of what was read nevertheless. */
  readonly reads: string | RegExp;
  readonly status?: number;
}

const ROUTES = 'default via 10.9.0.1 dev eth0 \n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2 \n';
const SYSCTL = 'net.ipv4.ip_forward = 1\n';
const ADDRESSES =
  '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n' +
  '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n' +
  '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000\n' +
  '    link/ether 02:42:0a:09:00:02 brd ff:ff:ff:ff:ff:ff\n    inet 10.9.0.2/24 scope global eth0\n' +
  '3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000\n' +
  '    link/ether 02:42:0a:08:00:02 brd ff:ff:ff:ff:ff:ff\n    inet 10.8.0.2/24 scope global eth1\n';
const CONNECTIONS = [4000, 4001, 4002]
  .map(
    (port) =>
      `udp      17 20 src=10.9.0.2 dst=10.9.0.1 sport=${port} dport=53 src=10.9.0.1 dst=10.9.0.2 sport=53 dport=${port} mark=0 use=1\n`,
  )
  .join('');
const SETS =
  'create one hash:ip family inet hashsize 1024 maxelem 65536\nadd one 10.0.0.1\n' +
  'create two hash:ip family inet hashsize 1024 maxelem 65536\nadd two 10.0.0.2\nadd two 10.0.0.3\n';
const SESSION = [
  'root@a:~# ip route',
  'default via 10.9.0.1 dev eth0 ',
  'root@a:~# sysctl net.ipv4.ip_forward',
  'net.ipv4.ip_forward = 1',
  'root@a:~# sysctl net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_syncookies = 1',
  '',
].join('\n');

const filter = (rules: readonly string[], chains: readonly string[] = []) =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${chains.map((name) => `:${name} - [0:0]\n`).join('')}${rules.join('\n')}\nCOMMIT\n`;

/** A UDP datagram, or a fragment of one, on Ethernet; `host`: the last byte of who sends it. */
function frame(id: number, flags = 0, host = 1): number[] {
  const bytes = [
    2,
    0x42,
    10,
    9,
    0,
    2,
    2,
    0x42,
    10,
    9,
    0,
    1,
    8,
    0,
    0x45,
    0,
    0,
    36,
    0,
    id,
    flags >> 8,
    flags & 255,
  ];
  bytes.push(
    64,
    17,
    0,
    0,
    10,
    9,
    0,
    host,
    10,
    9,
    0,
    2,
    0x0f,
    0xa0,
    0,
    53,
    0,
    16,
    0,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
  );
  const sum = Array.from(
    { length: 10 },
    (_, at) => 256 * (bytes[14 + 2 * at] ?? 0) + (bytes[15 + 2 * at] ?? 0),
  );
  const folded = sum.reduce((total, word) => total + word, 0);
  const checksum = ~((folded & 0xffff) + (folded >>> 16)) & 0xffff;
  bytes[24] = checksum >> 8;
  bytes[25] = checksum & 255;
  return bytes;
}

const capture = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  concat(sectionBlock(), interfaceBlock(1), ...parts);
const packet = (id: number, flags = 0, index = 0, host = 1) =>
  enhancedBlock(index, BigInt(id), frame(id, flags, host));
const COUNT = ['show', '--format', 'count', '@'] as const;

const ROWS: Readonly<Record<LimitName, Row>> = {
  directoryFiles: {
    ...{ files: { 'ip-route.txt': ROUTES, 'sysctl.txt': SYSCTL }, most: 1 },
    ...{
      says: 'it has more than 1 files',
      skipped: 'the others are not read',
      reads: 'default via 10.9.0.1',
    },
  },
  directoryDepth: {
    files: { 'ip-route.txt': ROUTES, 'a/sysctl.txt': SYSCTL },
    ...{
      most: 1,
      says: 'a: folder 2 inside another',
      skipped: 'it is not read',
      reads: 'default via 10.9.0.1',
    },
  },
  archiveEntries: {
    files: {
      'a.tar': tarOf([
        { name: 'ip-route.txt', content: ROUTES },
        { name: 'sysctl.txt', content: SYSCTL },
      ]),
    },
    words: ['show', '@/a.tar'],
    ...{
      most: 1,
      says: 'a.tar: sysctl.txt: entry 2 of the archive',
      skipped: 'it and what follows is not read',
    },
    ...{ reads: 'default via 10.9.0.1', status: 2 },
  },
  archiveBytes: {
    files: {
      'a.tar': tarOf([
        { name: 'ip-route.txt', content: ROUTES },
        { name: 'sysctl.txt', content: SYSCTL },
      ]),
    },
    words: ['show', '@/a.tar'],
    ...{ most: 100, says: 'a.tar: sysctl.txt: its 24 bytes make 114 bytes of the archive' },
    ...{ skipped: 'it and what follows is not read', reads: 'default via 10.9.0.1', status: 2 },
  },
  unpackRatio: {
    files: {
      'a.pcapng.gz': gzipSync(
        concat(
          capture(packet(1)),
          Buffer.from(block(0x0bad, [])).subarray(0, 4),
          Uint8Array.of(0, 0, 0, 6),
          Buffer.alloc(96 << 20),
        ),
      ),
    },
    words: COUNT,
    ...{ most: 100, says: 'a.pcapng.gz: 64 KiB of gzip data unpack to more than 63.9 MiB' },
    ...{ skipped: 'what was unpacked before is used', reads: /^ *1 +50 /m, status: 2 },
  },
  dumpBytes: {
    ...{ files: { 'ip-route.txt': ROUTES, 'sysctl.txt': SYSCTL }, most: 50 },
    ...{ says: 'ip-route.txt: it is no capture, and longer than a dump may be', skipped: 'it is not read' },
    ...{ reads: 'ip_forward', status: 2 },
  },
  lineLength: {
    files: {
      'rules.v4': filter([
        `-A INPUT -m comment --comment "${'x'.repeat(300)}" -j DROP`,
        '-A INPUT -p 17 -j DROP',
      ]),
    },
    ...{ most: 200, says: 'rules.v4: line 5: the line has 340 characters', skipped: 'it is passed over' },
    reads: '-p 17 -j DROP',
  },
  sessionBytes: {
    files: { 'session.txt': SESSION },
    ...{ most: 130, says: 'session.txt: line 5: the session has 180 bytes' },
    ...{ skipped: 'this line and those behind it are not read', reads: 'ip_forward', status: 2 },
  },
  sessionDumps: {
    files: { 'session.txt': SESSION },
    ...{ most: 2, says: 'session.txt: line 5: 2 outputs of commands stand before this one' },
    ...{ skipped: 'it and 0 more are not read', reads: 'ip_forward', status: 2 },
  },
  jsonDepth: {
    files: {
      'ip-route.json':
        '[{"dst":"default","gateway":"10.9.0.1","dev":"eth0","flags":[]},\n{"dst":"10.1.0.0/16","dev":[[[["eth0"]]]]}]',
    },
    ...{ most: 4, says: 'ip-route.json: line 2: lists and objects stand in more than 4 others' },
    ...{ skipped: 'only the records before it are used', reads: 'default via 10.9.0.1' },
  },
  rules: {
    files: {
      'rules.v4': filter([
        '-A INPUT -p 1 -j DROP',
        '-A INPUT -p 17 -j DROP',
        '-A INPUT -p 6 -j DROP',
        '-A INPUT -j DROP',
      ]),
    },
    ...{ most: 2, says: 'rules.v4: line 7: 2 rules stand before this one' },
    skipped: 'it and 1 more are not read, what becomes of packets that get there is unknown',
    reads: '-p 17 -j DROP',
  },
  listedRules: {
    files: {
      'rules.v4': filter([
        '-A INPUT -s 10.0.0.1,10.0.0.2 -d 10.0.0.3,10.0.0.4 -j DROP',
        '-A INPUT -p 17 -j DROP',
      ]),
    },
    ...{ most: 3, says: 'rules.v4: line 5: -s and -d list 4 combinations' },
    ...{ skipped: 'the rule is taken for one of unknown addresses', reads: '-p 17 -j DROP' },
  },
  sets: {
    ...{ files: { 'ipset.txt': SETS }, most: 1, says: 'ipset.txt: line 3: it has 2 sets' },
    ...{ skipped: 'this one and those behind it are unknown', reads: '10.0.0.1' },
  },
  setElements: {
    ...{ files: { 'ipset.txt': SETS }, most: 2, says: 'ipset.txt: line 5: it has 3 elements in sets' },
    ...{ skipped: 'of two no element is known', reads: '10.0.0.1' },
  },
  links: {
    files: { 'ip-addr.txt': ADDRESSES },
    ...{ most: 2, says: 'ip-addr.txt: line 7: it has 3 interfaces' },
    ...{ skipped: 'this one and those behind it are taken as not there', reads: '10.9.0.2' },
  },
  connections: {
    files: { 'conntrack.txt': CONNECTIONS },
    ...{ most: 2, says: 'conntrack.txt: line 3: it has 3 connections' },
    ...{ skipped: 'this one and those behind it are taken as not there', reads: '4001' },
  },
  pcapngBlock: {
    files: { 'a.pcapng': capture(packet(1), block(6, new Array<number>(3000).fill(0)), packet(2)) },
    words: COUNT,
    ...{ most: 2000, says: 'a.pcapng: at byte 132 stands a block of type 6 with 2.9 KiB' },
    ...{ skipped: 'it is passed over', reads: /^ *2 +100 /m, status: 2 },
  },
  pcapngInterfaces: {
    files: { 'a.pcapng': capture(interfaceBlock(1), packet(1), packet(2, 0, 1)) },
    words: COUNT,
    ...{ most: 1, says: 'a.pcapng: a section describes more than 1 interfaces' },
    ...{ skipped: 'of packets of the others no link type is known', reads: /^ *2 +100 /m, status: 2 },
  },
  pcapngComments: {
    files: {
      'a.pcapng': concat(
        sectionBlock(true, [...option(1, text('one')), ...option(1, text('two'))]),
        interfaceBlock(1),
        packet(1),
      ),
    },
    ...{
      most: 1,
      says: 'a.pcapng: 1 comments stand before this one',
      skipped: 'no more are kept',
      reads: 'UDP',
    },
  },
  pcapngText: {
    files: { 'a.pcapng': concat(sectionBlock(), interfaceBlock(1, option(2, text('ethernet0'))), packet(1)) },
    ...{ most: 8, says: 'a.pcapng: a text has 9 bytes', skipped: 'what is beyond is cut off', reads: 'UDP' },
  },
  pcapngOptions: {
    files: {
      'a.pcapng': concat(
        sectionBlock(),
        interfaceBlock(1, option(2, text('eth0'))),
        interfaceBlock(1, option(2, text('eth1'))),
        packet(1),
      ),
    },
    words: ['annotate', '@', '-o', '@/out.pcapng'],
    ...{ most: 10, says: 'a.pcapng: interfaces have more than 8 bytes of options' },
    ...{ skipped: 'those of this interface and the ones behind it are left out', reads: '1 packet' },
  },
  flowPairs: {
    files: { 'a.pcapng': capture(packet(1), packet(1, 0, 0, 9), packet(1, 0, 0, 8)) },
    words: ['analyze', '@'],
    ...{ most: 2, says: 'packets that look the same are between 3 pairs of ends' },
    ...{ skipped: 'each pair is taken for a flow of its own', reads: '3 flows' },
  },
  chainJumps: {
    files: {
      'ip-addr.txt': ADDRESSES,
      'ip-route.txt': ROUTES,
      'rules.v4': filter(
        ['-A OUTPUT -j ONE', '-A ONE -j TWO', '-A ONE -p 17 -j DROP', '-A TWO -p 6 -j DROP'],
        ['ONE', 'TWO'],
      ),
    },
    words: ['trace', '@', '--from', 'host', '--to', '10.9.0.1', '--proto', 'udp', '--dport', '53'],
    ...{ most: 1, says: 'has jumped from chain to chain without an end' },
    ...{ skipped: 'what becomes of it in this table is unknown', reads: '? unknown', status: 1 },
  },
  fragments: {
    files: {
      'ip-addr.txt': ADDRESSES,
      'ip-route.txt': ROUTES,
      'rules.v4': filter([]),
      'eth0.pcapng': capture(packet(1, 0x2000), packet(2, 0x2000), packet(3, 0x2000), packet(4)),
    },
    words: ['replay', '@', '--inject', 'host:eth0=@/eth0.pcapng'],
    ...{ most: 2, says: 'host: more fragments wait for the rest of their packets than are kept' },
    ...{ skipped: 'those that waited longest are given up', reads: '"number":4', status: 0 },
  },
};

describe('rules beyond the limit', () => {
  it('that are inserted before the others make unknown what becomes of packets in that chain', async () => {
    const folder = directoryOf({
      'ip-addr.txt': ADDRESSES,
      'rules.v4': filter([
        '-A INPUT -j DROP',
        '-A OUTPUT -j DROP',
        '-I INPUT -p 6 -j ACCEPT',
        '-I INPUT -j ACCEPT',
      ]),
    });
    const { stdout, stderr } = await run(['show', folder, '--limit', 'rules=2', '--format', 'canonical']);
    expect(stderr.replace(/\s+/g, ' ')).toContain('line 7: 2 rules stand before this one');
    expect(stdout).toMatch(/-A INPUT -j \?\n-A INPUT -j DROP\n-A OUTPUT -j DROP\n/);
  });
});

describe('a limit', () => {
  it.each(Object.entries(ROWS) as [LimitName, Row][])('%s bites, and the rest is read', async (name, row) => {
    const folder = directoryOf(row.files);
    const { words = ['show', '@'], most, says, skipped, reads, status } = row;
    const given = words.map((word) => word.replace('@', folder));
    const limited = await run([...given, '--limit', `${limitWord(name)}=${most}`]);
    const flat = (told: string) => told.replace(/\s+/g, ' ');
    const told = flat(limited.stderr + limited.stdout);
    expect(told).toContain(says);
    expect(told).toContain(skipped);
    expect(told).toContain(`--limit ${limitWord(name)}=`);
    if (typeof reads === 'string') expect(told).toContain(reads);
    else expect(limited.stdout).toMatch(reads);
    if (status !== undefined) expect(limited.status).toBe(status);
    // Where nothing is set, nothing is said.
    if (name === 'unpackRatio') return;
    const free = await run(given);
    expect(flat(free.stderr + free.stdout)).not.toContain('--limit');
  });
});

describe('a value', () => {
  it.each([
    ['rules=none', { rules: Number.POSITIVE_INFINITY }],
    ['dump-bytes=512M', { dumpBytes: 512 * 2 ** 20 }],
    ['dumpBytes=1GiB', { dumpBytes: 2 ** 30 }],
    ['json-depth=none', { jsonDepth: 1000 }],
    ['rules', 'rules: NAME=VALUE is expected'],
    ['rulez=3', 'no limit is called rulez; did you mean rules?'],
    ['rules=0', 'a whole number above 0 is expected, or none'],
    ['rules=1M', 'a whole number above 0 is expected, or none'],
    ['dump-bytes=-1', 'a size such as 512M or 4G is expected, or none'],
    ['constructor=1', 'no limit is called constructor'],
    ['\x1b[2Jx=1', 'no limit is called \\x1b[2Jx'],
  ])('%j', (value, expected) => {
    const parsed = parseLimit(value);
    if (typeof expected === 'string') expect(parsed).toContain(expected);
    else expect(parsed).toEqual(expected);
  });

  it('that makes no sense is said with the option', async () => {
    const { status, stderr } = await run(['show', '.', '--limit', 'rulez=3']);
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean rules?');
  });
});

it('nettrace explain limits has each with its default', async () => {
  const { stdout } = await run(['explain', 'limits']);
  for (const name of LIMIT_NAMES) expect(stdout).toMatch(new RegExp(`^${limitWord(name)} `, 'm'));
  const { stdout: json } = await run(['explain', 'limits', '--format', 'json']);
  expect(JSON.parse(json).limits.map(({ option: name }: { option: string }) => name)).toEqual(LIMIT_NAMES);
});

describe('no recording comes near a default', () => {
  const bundles = readdirSync('captures', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join('captures', name));
  const recorded = ['test/dump/recorded', 'test/nft/recorded', 'test/traces/recorded'].filter((folder) =>
    statSync(folder, { throwIfNoEntry: false }),
  );
  /** A tenth of each; folders inside each other and comments are small numbers in any case. */
  const tenth = Object.fromEntries(
    LIMIT_NAMES.map((name) => [name, name === 'directoryDepth' ? LIMITS[name].most : LIMITS[name].most / 10]),
  );

  it.each([...bundles, ...recorded])('%s', async (folder) => {
    const { dumps, captures, issues } = await resolveInputs([folder], { ignoreUnknown: true, limits: tenth });
    const told = [...issues, ...dumps.flatMap(({ dump }) => dump.issues)];
    for (const each of captures) {
      const summary = await scanCapture(each.open(), () => {}, { path: each.path, limits: each.limits });
      told.push(...summary.issues);
    }
    expect(told.filter(({ code }) => code.startsWith('limit-'))).toEqual([]);
    expect(dumps.length + captures.length).toBeGreaterThan(0);
  });
});

it('docs/reliability.md has the table (node scripts/tables.mjs brings it up to date)', async () => {
  const { stdout } = await run(['explain', 'limits', '--format', 'markdown']);
  const page = readFileSync('docs/reliability.md', 'utf8');
  expect(/<!-- limits -->\n([\s\S]*?\n)<!-- \/limits -->/.exec(page)?.[1]).toBe(stdout);
});

/** What each is given beside it. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  ...{ analyze: ['@'], annotate: ['@'], diff: ['@', '@'], lint: ['@'], live: [], scan: ['@'], show: ['@'] },
  ...{ replay: ['@'], test: ['@'], topology: ['@'], trace: ['@', '--from', 'host', '--to', '10.9.0.1'] },
  ...{ report: ['@/analysis.json'], why: ['@'], collect: ['--from', '@', '--redact'] },
};

describe('--limit', () => {
  it('is an option of every command but explain, which reads nothing', () => {
    const commands = readdirSync('src/cli/commands').map((file) => file.replace(/\.ts$/, ''));
    expect(Object.keys(COMMANDS).toSorted()).toEqual(
      commands.filter((name) => name !== 'explain').toSorted(),
    );
  });

  it.each(Object.entries(COMMANDS))('%s takes it', async (name, words) => {
    const { status, stderr } = await run([name, ...words, '--limit', 'nonsense=1']);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('no limit is called nonsense'),
    });
  });

  it('of report is for the analysis that it reads', async () => {
    const folder = directoryOf({ 'ip-addr.txt': ADDRESSES });
    const file = join(folder, 'analysis.json');
    await run(['analyze', folder, '--format', 'json', '-o', file]);
    const refused = await run(['report', file, '--limit', 'dump-bytes=100']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr.replace(/\s+/g, ' ')).toContain('and the limit is 100 bytes: it is not read');
    expect((await run(['report', file])).stdout).toContain('<html');
  });

  it('of collect is for the bundle that --from names', async () => {
    const folder = directoryOf({ 'ip-addr.txt': ADDRESSES, 'ip-route.txt': ROUTES });
    const target = join(directoryOf({}), 'out.tar.gz');
    const { stderr } = await run([
      ...['collect', '--from', folder, '--redact', '-o', target, '--limit', 'directory-files=1'],
    ]);
    expect(stderr).toContain('it has more than 1 files');
  });

  it('of live is for the analyses that it makes', async () => {
    const bundle = [
      { name: 'namespaces/host/ip-addr.txt', bytes: Buffer.from(ADDRESSES) },
      {
        name: 'namespaces/host/iptables-save.txt',
        bytes: Buffer.from(filter(['-A INPUT -p 1', '-A INPUT'])),
      },
    ];
    const { warnings } = await createAnalyst({ rules: 1 }, '').analyse(bundle);
    expect(warnings.map(({ text }) => text).join()).toContain('--limit rules=');
  });
});
