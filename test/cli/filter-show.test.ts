/** Filters of `show`: the packets that are shown are those that tcpdump shows for the same expression. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { PacketLine } from '../../src/packet/packet-line.ts';
import { run } from './harness.ts';

const CAPTURES = [
  'captures/healthy-odd-endings/bundle/captures/host',
  'captures/healthy-ipv6-routed/bundle/captures',
  'captures/overlay-without-fdb-entry/bundle',
  'captures/dns-server-silent/bundle/captures',
  'captures/unreachable-beyond-the-host/bundle/captures',
];

async function linesOf(words: readonly string[]): Promise<PacketLine[]> {
  const { stdout, stderr, status } = await run(['show', ...words, '--format', 'jsonl', '-q']);
  expect(status, stderr).toBe(0);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as PacketLine]));
}

const place = ({ file, number }: PacketLine) => `${file} ${number}`;
const isIp = ({ source, etherType }: PacketLine) => source !== undefined && etherType !== 0x806;

/** An expression, and the same asked of what `show` says of each packet itself (tunnels and quoted packets apart). */
const EXPRESSIONS: readonly (readonly [expression: string, holds: (line: PacketLine) => boolean])[] = [
  ['tcp', (line) => line.protocol === 6],
  [
    'udp and not port 53',
    (line) => line.protocol === 17 && line.sourcePort !== 53 && line.destinationPort !== 53,
  ],
  ['icmp or icmp6', (line) => line.protocol === 1 || line.protocol === 58],
  ['ip6', (line) => isIp(line) && (line.source ?? '').includes(':')],
  ['arp', (line) => line.etherType === 0x806],
  [
    'dst portrange 1-1023',
    (line) => line.destinationPort !== undefined && line.destinationPort >= 1 && line.destinationPort <= 1023,
  ],
];

describe.each(CAPTURES)('%s', (capture) => {
  it.each(EXPRESSIONS)('%s', async (expression, holds) => {
    const all = await linesOf([capture]);
    const own = new Set((await linesOf([capture, '--filter', expression])).map(place));
    const plain = all.filter((line) => (line.inner ?? []).length === 0);
    expect(plain.filter((line) => own.has(place(line))).map(place)).toEqual(plain.filter(holds).map(place));
  });

  it('is told apart by its first half of time', async () => {
    const all = await linesOf([capture]);
    const times = all.map(({ time }) => Number(time));
    const begin = Math.min(...times);
    const half = Math.round((Math.max(...times) - begin) * 500) / 1000;
    const early = await linesOf([capture, '--time', `..+${half}s`]);
    const late = await linesOf([capture, '--time', `not ..+${half}s`]);
    expect(early.length + late.length).toBe(all.length);
    expect(early.every(({ time }) => Number(time) <= begin + half)).toBe(true);
  });
});

it('says how many of how many, in text and data, and counts the same', async () => {
  const words = ['show', 'captures/dns-server-silent/bundle', '--port', '53'];
  const { stdout } = await run(words);
  expect(stdout).toMatch(/filter: 2 of 14 packets \(port 53\)/);
  expect(stdout).not.toContain('iptables-save');
  const { inputs } = JSON.parse((await run([...words, '--format', 'json'])).stdout) as {
    inputs: { packets: unknown[]; filter: { matched: number; packets: number } }[];
  };
  for (const { packets, filter } of inputs) expect(filter.matched).toBe(packets.length);
  const counted = await run([...words, '--format', 'count']);
  expect(counted.stdout).toMatch(/^ +2 +\d+ +\d+\.\d{9} +\d+\.\d{9} +\S+eth0\.pcap$/m);
});

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;

it.runIf(hasTcpdump)('agrees with tcpdump', async () => {
  const capture = 'captures/dns-server-silent/bundle/captures/host/eth0.pcap';
  for (const expression of [
    'udp port 53',
    'host 9.9.9.10 and not icmp',
    'src 203.0.113.201',
    'arp',
    'dst net 9.0.0.0/8',
  ]) {
    const tcpdump = spawnSync('tcpdump', ['-nn', '--count', '-r', capture, expression], { encoding: 'utf8' });
    const expected = Number(/^(\d+) packet/m.exec(tcpdump.stdout)?.[1]);
    // A packet that is quoted by an ICMP error is the flow's too.
    const own = (await linesOf([capture, '--filter', expression])).filter(
      ({ inner }) => (inner ?? []).length === 0,
    );
    expect([expression, own.length]).toEqual([expression, expected]);
  }
});
