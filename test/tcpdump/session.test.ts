import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/input/resolve.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { packetsOf } from './compare.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-session-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(scratch, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const PING = '10:00:00.000100 IP 10.0.0.2 > 192.0.2.8: ICMP echo request, id 7, seq 1, length 64';
const BANNER = 'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode';
const SESSION = [
  'root@node:~# ip netns exec red ip route',
  'default via 10.0.0.1 dev eth0',
  '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2',
  'root@node:~# sudo ip netns exec red tcpdump -ni eth0 icmp',
  BANNER,
  'listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes',
  `^C${PING}`,
  '1 packet captured',
  '3 packets dropped by kernel',
  'root@node:~# tcpdump -nni any',
  BANNER,
  'listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes',
  '10:00:00.000110 veth1 P   IP 10.0.0.2 > 192.0.2.8: ICMP echo request, id 7, seq 1, length 64',
  '10:00:00.000112 br0   In  IP 10.0.0.2 > 192.0.2.8: ICMP echo request, id 7, seq 1, length 64',
  '2 packets captured',
];

describe('tcpdump in a session', () => {
  it('is a capture a command, where that ran', async () => {
    const { captures, dumps } = await resolveInputs([file('paste.txt', SESSION)]);
    expect(captures).toMatchObject([
      { namespace: 'red', interface: 'eth0', by: 'session', command: 'tcpdump -ni eth0 icmp' },
      { namespace: 'host', by: 'session', command: 'tcpdump -nni any' },
    ]);
    expect(dumps.map(({ dump }) => dump.content.kind)).toEqual(['routes']);
  });

  it('keeps its lines, its interfaces and its losses', async () => {
    const { captures } = await resolveInputs([file('paste.txt', SESSION)]);
    const [one, any] = await Promise.all(captures.map((capture) => packetsOf(capture.open())));
    expect(one?.map(({ told }) => told?.line)).toEqual([7]);
    expect(any?.map(({ interfaceName, sllType }) => [interfaceName, sllType])).toEqual([
      ['veth1', 3],
      ['br0', 0],
    ]);
  });
});

describe('a file of tcpdump’s text', () => {
  it.each([
    [
      'by the argument',
      (path: string) => `red:eth0=${path}`,
      { namespace: 'red', interface: 'eth0', by: 'argument' },
    ],
    ['by its name', (path: string) => path, { interface: 'br0', by: 'file-name' }],
  ])('is placed %s', async (_, word, place) => {
    const { captures } = await resolveInputs([word(file('br0.txt', [PING]))]);
    expect(captures).toMatchObject([place]);
  });

  it('is no session for what its packets carry', async () => {
    const lines = [PING, 'E..T....@.....', '$ ip route', 'root@host:~# ls', PING];
    const { captures, dumps } = await resolveInputs([file('ascii.txt', lines)]);
    expect([captures.length, dumps.length]).toEqual([1, 0]);
    expect(await packetsOf((captures[0] as (typeof captures)[0]).open())).toHaveLength(2);
  });

  it('knows names that are addresses', async () => {
    const text =
      '10:00:00.1 IP ip-10-0-1-5.eu-west-1.compute.internal > 10.0.0.2: ICMP echo reply, id 1, seq 1, length 64';
    const { captures } = await resolveInputs([file('eth1.txt', [text])]);
    const [packet] = await packetsOf((captures[0] as (typeof captures)[0]).open());
    expect(packetLine(packet as never, 'x')).toMatchObject({ source: '10.0.1.5' });
  });

  it('has its names from a hosts file beside it', async () => {
    const text = '10:00:00.1 IP web.lan.4000 > 10.0.0.2.http: Flags [S], seq 1, win 1, length 0';
    const { captures } = await resolveInputs([
      file('eth0.txt', [text]),
      file('hosts', ['127.0.0.1 localhost', '10.0.0.9 web.lan web']),
    ]);
    const [packet] = await packetsOf((captures[0] as (typeof captures)[0]).open());
    expect(packetLine(packet as never, 'x')).toMatchObject({ source: '10.0.0.9', destinationPort: 80 });
  });
});
