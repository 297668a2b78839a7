/** What `replay --inject` makes of captures: their order among each other, and of their link layer. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { pcapngWriter } from '../../src/capture/pcapng-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import { parseIp } from '../../src/net/ip.ts';
import type { ReplayLine } from '../../src/netstack/hop.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { run } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'inject-'));
const address = join(folder, 'addr.txt');
writeFileSync(
  address,
  `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:bb:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.1/24 scope global eth0
`,
);
const rules = join(folder, 'rules.txt');
writeFileSync(
  rules,
  '*filter\n:INPUT ACCEPT [7:700]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [9:900]\n[3:300] -A OUTPUT -p udp -m udp --dport 53\nCOMMIT\n',
);
const SECONDS = 1_700_000_000;

const ip = (text: string) => parseIp(text) ?? 0;
const question = (sourcePort: number, from = '10.0.0.1', to = '10.0.0.9') =>
  buildSkb({
    source: ip(from),
    destination: ip(to),
    protocol: 17,
    sourcePort,
    destinationPort: 53,
    payload: 4,
  }).bytes;

const bytes = (...parts: (readonly number[] | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const MACS = [2, 0xbb, 0, 0, 0, 1, 2, 0xaa, 0, 0, 0, 9];
/** Link types, and what each puts in front of an IPv4 packet. */
const LINKS: readonly [name: string, linkType: number, head: readonly number[]][] = [
  ['raw IP', 101, []],
  ['IPv4', 228, []],
  ['Ethernet', 1, [...MACS, 8, 0]],
  ['Ethernet with a VLAN tag', 1, [...MACS, 0x81, 0, 0, 5, 8, 0]],
  ['Ethernet to a group', 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...MACS.slice(6), 8, 0]],
  ['BSD loopback', 0, [2, 0, 0, 0]],
  ['cooked (SLL), of another host', 113, [0, 3, 0, 1, 0, 6, 2, 0xaa, 0, 0, 0, 9, 0, 0, 8, 0]],
  ['cooked (SLL2)', 276, [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0xaa, 0, 0, 0, 9, 0, 0]],
];

function pcap(name: string, linkType: number, packets: readonly [nanoseconds: number, Uint8Array][]): string {
  const whole = collector();
  const write = pcapWriter(whole.sink, { linkType, nanoseconds: true });
  for (const [nanoseconds, data] of packets) write({ seconds: SECONDS, nanoseconds, bytes: data });
  const path = join(folder, name);
  writeFileSync(path, whole.bytes());
  return path;
}

async function replayed(...words: string[]): Promise<ReplayLine[]> {
  const { status, stdout, stderr } = await run([
    'replay',
    address,
    rules,
    ...words.flatMap((word) => ['--inject', word]),
  ]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ReplayLine);
}

describe('--inject', () => {
  const [first] = LINKS;
  it.each(LINKS)('%s: a local sender’s packet is the IP packet', async (name, linkType, head) => {
    const plain = await replayed(`host:@local=${pcap('plain.pcap', first?.[1] ?? 0, [[0, question(1000)]])}`);
    const path = pcap(`${name}.pcap`, linkType, [[0, bytes(head, question(1000))]]);
    const [line] = await replayed(`host:@local=${path}`);
    expect(line?.hops).toEqual(plain[0]?.hops);
    expect(line?.final).toEqual(plain[0]?.final);
    expect(line?.hops[0]?.in).toBeUndefined();
    expect(line?.hops[0]?.steps).toContainEqual(
      expect.objectContaining({ kind: 'rule', chain: 'OUTPUT', number: 1, target: '' }),
    );
  });

  it.each(LINKS.filter(([name]) => !/VLAN|group|of another/.test(name)))(
    '%s: one from the wire arrives',
    async (name, linkType, head) => {
      const path = pcap(`in-${name}.pcap`, linkType, [
        [0, bytes(head, question(1000, '10.0.0.9', '10.0.0.1'))],
      ]);
      const [line] = await replayed(`host:eth0=${path}`);
      expect([line?.hops[0]?.in, line?.verdict]).toEqual(['eth0', 'delivered']);
    },
  );

  it('merges by nanoseconds, of equal times the file named first; within a file its order stands', async () => {
    const one = pcap('one.pcap', 101, [
      [100, question(1)],
      [300, question(2)],
      [200, question(3)],
    ]);
    const two = pcap('two.pcap', 101, [
      [50, question(4)],
      [100, question(5)],
      [250, question(6)],
    ]);
    const lines = await replayed(`host:@local=${one}`, `host:@local=${two}`);
    expect(lines.map(({ final }) => final.sourcePort)).toEqual([4, 1, 5, 6, 2, 3]);
    expect(lines.map(({ packet }) => packet.number)).toEqual([1, 1, 2, 3, 2, 3]);
  });

  it('merges pcap and pcapng, whose packets count from 1 in each', async () => {
    const whole = collector();
    const writer = pcapngWriter(whole.sink);
    const index = writer.interface({ linkType: 101, name: 'any' });
    writer.packet(index, { seconds: SECONDS, nanoseconds: 60, bytes: question(7) });
    const ng = join(folder, 'ng.pcapng');
    writeFileSync(ng, whole.bytes());
    const lines = await replayed(
      `host:@local=${pcap('late.pcap', 101, [[61, question(8)]])}`,
      `host:@local=${ng}`,
    );
    expect(lines.map(({ final, packet }) => [final.sourcePort, packet.number])).toEqual([
      [7, 1],
      [8, 1],
    ]);
  });

  it('counts from zero', async () => {
    const path = pcap('count.pcap', 101, [
      [0, question(1)],
      [1, question(2)],
    ]);
    const { stdout } = await run([
      'replay',
      address,
      rules,
      '--inject',
      `host:@local=${path}`,
      '--format',
      'counters',
    ]);
    expect(stdout.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [2:64]',
      '[2:64] -A OUTPUT -p udp -m udp --dport 53',
      'COMMIT',
      '',
    ]);
  });
});
