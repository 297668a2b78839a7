/** `replay --inject … --format counters` of a recorded router: a diff with the kernel's own `iptables-save -c` is empty but for comments. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { collector, type WrittenPacket } from '../../src/capture/writer.ts';
import { parseIpv4 } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { run } from '../cli/harness.ts';

const ROOT = 'test/traces/recorded';
const ETHERNET = 1;
const RAW = 101;
const folder = mkdtempSync(join(tmpdir(), 'replay-'));

async function packetsOf(path: string, wanted: (packet: Packet) => boolean): Promise<WrittenPacket[]> {
  const source = openFile(path);
  if ('code' in source) throw new Error(source.text);
  const kept: WrittenPacket[] = [];
  await scanCapture(source, (frame) => {
    if (!wanted(dissect(frame))) return;
    kept.push({ seconds: frame.seconds, nanoseconds: frame.nanoseconds, bytes: frame.bytes.slice() });
  });
  return kept;
}

function capture(name: string, linkType: number, packets: readonly WrittenPacket[]): string {
  const path = join(folder, name);
  const whole = collector();
  const write = pcapWriter(whole.sink, { linkType, nanoseconds: true });
  for (const packet of packets) write(packet);
  writeFileSync(path, whole.bytes());
  return path;
}

const from = (mac: number) => (packet: Packet) => packet.ether?.source === mac;
const withoutComments = (text: string) => text.split('\n').filter((line) => !line.startsWith('#'));

// The captures of the nft recording end before the router's own connection.
describe.each(['legacy'])('%s', (backend) => {
  it('counts what the kernel counted, printed as the kernel prints it', async () => {
    const file = (name: string) => join(ROOT, backend, `${name}.pcap`);
    const wires = [
      ['p1', capture(`${backend}-p1`, ETHERNET, await packetsOf(file('p1'), from(0x020000000502)))],
      // What the neighbour behind p2 sent is seen leaving by p1.
      ['p2', capture(`${backend}-p2`, ETHERNET, await packetsOf(file('p1'), from(0x020000000503)))],
      ['up0', capture(`${backend}-up0`, ETHERNET, await packetsOf(file('up0'), from(0x020000000609)))],
    ] as const;
    // The router's own: a connection to port 80, and a ping to itself that no capture has.
    const opened = await packetsOf(file('up0'), ({ ip, tcp }) => {
      return ip?.source === parseIpv4('192.0.2.1') && tcp?.destinationPort === 80 && tcp.flags === 2;
    });
    const own = opened.at(-1);
    if (!own) throw new Error('the router opened no connection');
    const loopback = parseIpv4('127.0.0.1') ?? 0;
    const ping = buildSkb({
      source: loopback,
      destination: loopback,
      protocol: 1,
      icmpId: 7,
      icmpSequence: 1,
      payload: 16,
    });
    const sent = capture(`${backend}-sent`, RAW, [
      { ...own, bytes: own.bytes.slice(14) },
      { seconds: own.seconds + 5, nanoseconds: 0, bytes: ping.bytes },
    ]);
    const dumps = [
      ...['iptables-save.txt', 'ip6tables-save.txt'].map((name) => join(backend, name)),
      ...[
        'ip-addr.json',
        'ip-route.json',
        'ip6-route.json',
        'ip-rule.json',
        'ip-neigh.json',
        'bridge-fdb.json',
        'sysctl.txt',
      ],
    ].map((name) => `r:=${join(ROOT, name)}`);
    const injected = [...wires.map(([name, path]) => `r:${name}=${path}`), `r:@local=${sent}`];
    const words = [
      'replay',
      ...dumps,
      ...injected.flatMap((word) => ['--inject', word]),
      '--respond',
      '--format',
      'counters',
    ];
    const { status, stdout } = await run(words);
    expect(status).toBe(0);
    const [, four = ''] = /namespace r\n([\s\S]*?)# ip6tables-save/.exec(stdout) ?? [];
    expect(withoutComments(four)).toEqual(
      withoutComments(readFileSync(join(ROOT, backend, 'counters.v4'), 'utf8')),
    );
  });
});

describe('injections that can not be', () => {
  it.each([
    ['nope:eth0=x.pcap', 'there is no namespace called nope'],
    ['r:eth7=x.pcap', 'there is no interface of r called eth7'],
    ['r:p1=/nonexistent.pcap', 'there is no such file'],
    ['r:p1', 'is not NS:IFACE=FILE'],
    [`r:p1=${ROOT}/rules.v4`, 'this is no capture'],
  ])('%s', async (word, text) => {
    const { status, stderr, stdout } = await run(['replay', `r:=${ROOT}/ip-addr.json`, '--inject', word]);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
  });
});
