/** A session in which something is repaired between two captures: each is explained by what stood then. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from '../cli/harness.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-states-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SETUP = [
  '$ sudo ip netns add attic',
  '$ sudo ip link add hall0 type bridge',
  '$ sudo ip link set hall0 up',
  '$ sudo ip addr add 10.55.3.1/24 dev hall0',
  '$ sudo ip link add stairs type veth peer name door netns attic',
  '$ sudo ip link set stairs master hall0 up',
  '$ sudo ip -n attic link set door up',
  '$ sudo ip -n attic addr add 10.55.3.9/24 dev door',
  '$ sudo ip -n attic route add default via 10.55.3.1',
  '$ ip route',
  'default via 203.0.113.1 dev ens4 proto static',
  '203.0.113.0/24 dev ens4 proto kernel scope link src 203.0.113.30',
];
const ping = (clock: string, id: number, sequence: number, source = '10.55.3.9'): string =>
  `${clock} IP ${source} > 9.9.9.9: ICMP echo request, id ${id}, seq ${sequence}, length 64`;
const pong = (clock: string, id: number, sequence: number): string =>
  `${clock} IP 9.9.9.9 > 10.55.3.9: ICMP echo reply, id ${id}, seq ${sequence}, length 64`;
const banner = (device: string): string =>
  `listening on ${device}, link-type EN10MB (Ethernet), snapshot length 262144 bytes`;

const FIRST = [
  '$ sysctl net.ipv4.ip_forward',
  'net.ipv4.ip_forward = 0',
  '$ sudo tcpdump -ni hall0 icmp',
  banner('hall0'),
  ping('11:02:10.100000', 71, 1),
  ping('11:02:11.120000', 71, 2),
  ping('11:02:12.130000', 71, 3),
];
const SECOND = [
  '$ sudo sysctl -w net.ipv4.ip_forward=1',
  'net.ipv4.ip_forward = 1',
  '$ sudo tcpdump -ni ens4 icmp',
  banner('ens4'),
  ping('11:09:40.100000', 72, 1),
  ping('11:09:41.120000', 72, 2),
  ping('11:09:42.130000', 72, 3),
];
const THIRD = [
  '$ sudo iptables -t nat -A POSTROUTING -s 10.55.3.0/24 -o ens4 -j MASQUERADE',
  '$ sudo tcpdump -ni hall0 icmp',
  banner('hall0'),
  ping('11:15:01.100000', 73, 1),
  pong('11:15:01.108000', 73, 1),
  ping('11:15:02.110000', 73, 2),
  pong('11:15:02.118000', 73, 2),
];

function analysis(name: string, ...lines: readonly string[]): Promise<Analysis> {
  return analysisOf(undefined, name, ...lines);
}

/** `modified`: of the file. */
async function analysisOf(
  modified: string | undefined,
  name: string,
  ...lines: readonly string[]
): Promise<Analysis> {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  if (modified !== undefined) utimesSync(path, new Date(modified), new Date(modified));
  const { stdout } = await run(['analyze', path, '--format', 'json', '-q']);
  return JSON.parse(stdout) as Analysis;
}

/** In the order in which they begin: the status, and the first cause. */
function told({ flows, findings }: Analysis): string[] {
  return flows
    .toSorted((a, b) => a.start - b.start)
    .map(({ status, findings: [first] }) =>
      first === undefined ? status : `${status} ${findings[first]?.cause}`,
    );
}

describe('a session that repairs as it goes', () => {
  it('judges each capture by what had been typed until then', async () => {
    const report = await analysis('whole.md', ...SETUP, ...FIRST, ...SECOND, ...THIRD);
    expect(told(report)).toEqual([
      'dropped fwd-ip-forward-off',
      'no-reply nat-masquerade-missing',
      'delivered',
    ]);
    expect(report.states?.map(({ after }) => after?.command)).toEqual([
      'sudo ip -n attic route add default via 10.55.3.1',
      'sudo sysctl -w net.ipv4.ip_forward=1',
      'sudo iptables -t nat -A POSTROUTING -s 10.55.3.0/24 -o ens4 -j MASQUERADE',
      'sudo iptables -t nat -A POSTROUTING -s 10.55.3.0/24 -o ens4 -j MASQUERADE',
    ]);
  });

  it('has one state where nothing is changed after the capture', async () => {
    const report = await analysis('one.md', ...SETUP, ...FIRST);
    expect(told(report)).toEqual(['dropped fwd-ip-forward-off']);
    expect(report.states).toBeUndefined();
  });

  // Half a day after the one or the other capture, a file's time is nearer to another day's for one of them.
  it.each(['2026-11-30T12:00:00Z', '2026-11-30T23:01:00Z', '2026-11-30T23:30:00Z', '2026-11-30T23:55:00Z'])(
    'takes the state at the end for all where the times go backwards, in a file of %s',
    async (modified) => {
      const later = FIRST.map((line) => line.replace(/^11:02/, '11:50'));
      const report = await analysisOf(modified, 'backwards.md', ...SETUP, ...later, ...SECOND, ...THIRD);
      expect(report.states).toBeUndefined();
    },
  );

  it('leaves where it was what counts from its first packet', async () => {
    const path = join(folder, 'differences.md');
    const differences = [
      '$ sudo tcpdump -ttt -ni ens4 icmp',
      banner('ens4'),
      ping(' 00:00:00.000000', 74, 1),
      ping(' 00:00:01.000000', 74, 2),
    ];
    writeFileSync(path, `${[...FIRST, ...differences].join('\n')}\n`);
    const modified = new Date('2026-11-30T14:00:00Z');
    utimesSync(path, modified, modified);
    const { stdout } = await run(['show', path, '--format', 'jsonl']);
    const times = stdout
      .trim()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as { time: string }).time));
    const clock = Date.parse('2026-11-30T11:02:10.100Z') / 1000;
    const from = modified.getTime() / 1000;
    expect(times).toEqual(
      [clock, clock + 1.02, clock + 2.03, from, from + 1].map((time) => expect.closeTo(time)),
    );
  });

  it('goes on after midnight', async () => {
    const [first, second] = [FIRST, SECOND].map((lines, at) =>
      lines.map((line) => line.replace(/^11:/, at === 0 ? '23:' : '00:')),
    ) as [string[], string[]];
    const report = await analysisOf('2026-11-30T11:00:00Z', 'midnight.md', ...SETUP, ...first, ...second);
    expect(told(report)).toEqual(['dropped fwd-ip-forward-off', 'no-reply nat-masquerade-missing']);
    const [before = 0, after = 0] = (report.states ?? []).map(({ from }) => from);
    expect(after - before).toBeCloseTo(67.5 * 60);
  });

  it('says what had been typed, at 80 columns', async () => {
    const path = join(folder, 'wide.md');
    writeFileSync(path, `${[...SETUP, ...FIRST, ...SECOND].join('\n')}\n`);
    const { stdout } = await run(['analyze', path, '-q']);
    expect(stdout).toMatch(/11:02:10–11:02:12 +after wide\.md:9: sudo ip -n attic route add default via/);
    expect(stdout.split('\n').every((line) => [...line].length <= 80)).toBe(true);
  });
});
