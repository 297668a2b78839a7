/** The fields of a packet's headers, as tshark reads them from the same bytes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { frameOf } from '../../src/capture/frame.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import { packetLayers } from '../../src/packet/layers.ts';
import { CARRIERS, ethernet, hex, join, packet, TCP, TCP6, UDP } from './frames.ts';
import { frames } from './plain-frames.ts';

const TCP_OPTIONS = hex(`
  4510 0048 1234 4000 3f06 0000 0a000001 0a000002
  9c40 0050 00000001 00000002 d018 01f5 0000 0000
  0204 05b4 0402 080a 00000064 000000c8 0103 0307 0105 050a 00000003 00000004 01 01`);
const SACK = hex(`
  4500 0040 1235 4000 4006 0000 0a000001 0a000002
  9c40 0050 00000001 00000002 b010 01f5 0000 0000
  01 01 05 12 00000003 00000004 00000007 00000009 01 01 01 01`);
const DNS = (flags: string, rest: string) =>
  packet({
    protocol: 17,
    sourcePort: 5353 + 1,
    destinationPort: 53,
    payload: hex(`beef ${flags} 0001 ${rest}`),
  });
const QUESTION = '03777777 076578616d706c65 03636f6d 00 0001 0001';

const OWN: readonly (readonly [name: string, linkType: number, bytes: Uint8Array])[] = [
  ['TCP with options', 1, ethernet('0800', TCP_OPTIONS)],
  ['TCP with SACK', 1, ethernet('0800', SACK)],
  [
    'TOS and fragment',
    1,
    ethernet(
      '0800',
      hex('4503 0024 0007 2001 40 11 0000 0a000001 0a000002 0102030405060708 090a0b0c0d0e0f10'),
    ),
  ],
  ['UDP', 1, ethernet('0800', UDP)],
  [
    'ARP request',
    1,
    ethernet('0806', hex('0001 0800 06 04 0001 02000000000a 0a000001 000000000000 0a000002')),
  ],
  ['ARP reply', 1, ethernet('0806', hex('0001 0800 06 04 0002 02000000000b 0a000002 02000000000a 0a000001'))],
  ['DNS query', 1, ethernet('0800', DNS('0100', `0000 0000 0000 ${QUESTION}`))],
  ['DNS answer', 1, ethernet('0800', DNS('8183', `0000 0000 0000 ${QUESTION}`))],
  ['echo request', 1, ethernet('0800', packet({ protocol: 1, icmpId: 77, icmpSequence: 3, payload: 8 }))],
  [
    'fragmentation needed',
    1,
    ethernet('0800', packet({ protocol: 1, icmpType: 3, icmpCode: 4, icmpRest: 1400, payload: TCP })),
  ],
  [
    'redirect',
    1,
    ethernet('0800', packet({ protocol: 1, icmpType: 5, icmpCode: 1, icmpRest: 0x0a000009, payload: UDP })),
  ],
  [
    'echo request of ICMPv6',
    1,
    ethernet(
      '86dd',
      packet({
        source: 'fd00::1',
        destination: 'fd00::2',
        protocol: 58,
        icmpType: 128,
        icmpId: 5,
        icmpSequence: 6,
      }),
    ),
  ],
  [
    'packet too big',
    1,
    ethernet(
      '86dd',
      packet({
        source: 'fd00::1',
        destination: 'fd00::2',
        protocol: 58,
        icmpType: 2,
        icmpRest: 1280,
        payload: TCP6,
      }),
    ),
  ],
  [
    'IPv6 fragment with a flow label',
    1,
    ethernet(
      '86dd',
      hex(`6b8 abcde 0018 2c 3f fd000000000000000000000000000001 fd000000000000000000000000000002
      11 00 0009 0000002a 0102030405060708 090a0b0c0d0e0f10`),
    ),
  ],
  [
    'SCTP INIT',
    1,
    ethernet(
      '0800',
      packet({
        protocol: 132,
        payload: hex('1388 1389 00000000 00000000 01 00 0014 00000001 0000ffff 0001 0001 00000001'),
      }),
    ),
  ],
];
const ALL = [...OWN, ...CARRIERS.map(([name, linkType, bytes]) => [name, linkType, bytes] as const)];

const possible = spawnSync('sh', ['-c', 'command -v tshark']).status === 0;
const folder = mkdtempSync(path(tmpdir(), 'nettrace-layers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of each field all occurrences. */
type Fields = Readonly<Record<string, readonly string[]>>;

function ours(linkType: number, bytes: Uint8Array): Fields {
  const fields: Record<string, string[]> = {};
  const layers = packetLayers(frameOf(bytes, { linkType }));
  // Of a quoted packet tshark follows no stream.
  const isQuoting = layers.some(({ name }) => name.startsWith('ICMP'));
  for (const { field, value } of layers.flatMap((layer) => layer.fields))
    if (field !== undefined && !(isQuoting && /^tcp\.(len|seq_raw)$/.test(field)))
      fields[field] = [...(fields[field] ?? []), plain(value)];
  return fields;
}

/** Of all frames of a link type in one capture, as they are asked for first. */
const read = new Map<number, readonly Fields[]>();

function theirs(linkType: number, bytes: Uint8Array): Fields {
  const frames = ALL.filter(([, type]) => type === linkType).map(([, , frame]) => frame);
  const rows = read.get(linkType) ?? tsharkRows(linkType, frames);
  read.set(linkType, rows);
  return rows[frames.indexOf(bytes)] ?? {};
}

function tsharkRows(linkType: number, frames: readonly Uint8Array[]): Fields[] {
  const names = [...new Set(frames.flatMap((bytes) => Object.keys(ours(linkType, bytes))))];
  const { sink, bytes: capture } = collector();
  const write = pcapWriter(sink, { linkType });
  frames.forEach((bytes, index) => void write({ seconds: 1 + index, nanoseconds: 0, bytes }));
  const file = path(folder, `${linkType}.pcap`);
  writeFileSync(file, capture());
  const { stdout, stderr, status } = spawnSync(
    'tshark',
    [
      ...['-n', '-r', file, '-d', 'udp.port==8472,vxlan', '-o', 'tcp.relative_sequence_numbers:FALSE'],
      ...[
        '-T',
        'fields',
        '-E',
        'occurrence=a',
        '-E',
        'aggregator=|',
        ...names.flatMap((name) => ['-e', name]),
      ],
    ],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  return stdout
    .split('\n')
    .slice(0, frames.length)
    .map((line) => {
      const cells = line.split('\t').map((cell) => (cell === '' ? [] : cell.split('|').map(plain)));
      return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? []]));
    });
}

/** Numbers are the same in any notation; versions of tshark differ in it. */
function plain(value: string): string {
  if (value === 'True' || value === 'False') return value === 'True' ? '1' : '0';
  return /^(0x[0-9a-f]+|\d+)$/i.test(value) ? String(Number(value)) : value;
}

describe.skipIf(!possible)('the fields of a packet are those that tshark reads', () => {
  it.each(ALL)('%s', (_, linkType, bytes) => {
    const own = ours(linkType, bytes);
    const there = theirs(linkType, bytes);
    expect(own).toEqual(Object.fromEntries(Object.keys(own).map((name) => [name, there[name]])));
  });
});

describe('the layers of a packet', () => {
  it('are made of any bytes, cut anywhere, and hold nothing that a terminal acts on', () => {
    fc.assert(
      fc.property(frames, fc.nat(200), (frame, cut) => {
        const bytes = frame.bytes.subarray(0, cut);
        const cutFrame = frameOf(bytes, { linkType: frame.linkType, length: frame.length });
        for (const { name, fields } of packetLayers(cutFrame))
          for (const text of [name, ...fields.flatMap((each) => [each.name, each.value, each.note ?? ''])])
            expect(text).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
      }),
      { numRuns: 500 },
    );
  });

  it('name tunnels and quoted packets by how deep they are', () => {
    const names = (linkType: number, bytes: Uint8Array) =>
      packetLayers(frameOf(bytes, { linkType })).map(({ name, depth }) => `${depth} ${name}`);
    const carrier = CARRIERS.find(([name]) => name === 'VXLAN');
    expect(names(101, carrier?.[2] ?? new Uint8Array())).toEqual([
      '0 Frame',
      '0 IPv4',
      '0 UDP',
      '1 VXLAN',
      '1 Ethernet',
      '1 IPv4',
      '1 TCP',
    ]);
    expect(names(1, join(OWN.find(([name]) => name === 'fragmentation needed')?.[2] ?? TCP))).toEqual([
      '0 Frame',
      '0 Ethernet',
      '0 IPv4',
      '0 ICMP',
      '1 IPv4',
      '1 TCP',
    ]);
  });
});
