import { existsSync, readdirSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { type Frame, frameOf } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { jsonText } from '../../src/report/json.ts';
import { PacketJson } from '../../src/report/packet-json.ts';
import { PacketBytes } from '../../src/report/text/packet-bytes.ts';
import { packetText } from '../../src/report/text/packet-line.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from '../packet/corpus.ts';
import { ethernet, hex, join, packet, TCP, TCP6, UDP } from '../packet/frames.ts';
import { blockFrame, frames } from '../packet/plain-frames.ts';

const FILE = 'captures/"häuser"\u202e/eth0.pcap';
const START = 5;

/** A form in which packets are printed: how the plain ones are written as bytes, and how any is. */
interface Form {
  readonly write: (out: DataView, at: number, frame: Frame) => number;
  readonly room: (frame: Frame) => number;
  readonly any: (packet: Packet) => string;
}

const lines = new PacketBytes();
const json = new PacketJson(FILE);
const FORMS: readonly Form[] = [
  {
    write: (out, at, frame) => lines.write(out, at, frame),
    room: () => PacketBytes.most,
    any: (packet) => `${packetText(packet)}\n`,
  },
  {
    write: (out, at, frame) => json.write(out, at, frame),
    room: (frame) => json.room(frame),
    any: (packet) => jsonText(packetLine(packet, FILE)),
  },
];
const GUARD = new Uint8Array(64).fill(0xaa);
const out = new Uint8Array(START + 2 * PacketBytes.most + GUARD.length);

/** What is written as bytes; undefined when the packet is left to `dissect`. Nothing is written outside of the room. */
function written({ write, room }: Form, frame: Frame): string | undefined {
  const behind = START + room(frame);
  out.set(GUARD.subarray(0, START));
  out.set(GUARD, behind);
  const end = write(viewOf(out), START, frame);
  const around =
    Buffer.compare(out.subarray(0, START), GUARD.subarray(0, START)) ||
    Buffer.compare(out.subarray(behind, behind + GUARD.length), GUARD);
  if (around !== 0) expect.fail('it was written outside of the room');
  return end < 0 ? undefined : Buffer.from(out.subarray(START, end)).toString();
}

/** Is it plain in every form? What is written of it as bytes is held against the other way. */
function isPlain(frame: Frame): boolean {
  let plain = true;
  for (const form of FORMS) {
    const text = written(form, frame);
    plain &&= text !== undefined;
    if (text === undefined) continue;
    const expected = form.any(dissect(frame));
    if (text !== expected) expect(text, `packet ${frame.number}`).toBe(expected);
  }
  return plain;
}

const lineOf = (frame: Frame) => written(FORMS[0] as Form, frame);
const STAMP = { number: 7, seconds: 1_767_261_602, nanoseconds: 500_123_000 };
const whole = (linkType: number, bytes: Uint8Array): Frame =>
  blockFrame(bytes, { ...STAMP, linkType, base: 3, captured: bytes.length, length: bytes.length });
const six = { source: 'fd00::1', destination: 'fd00::2' };
const dns = (text: string): Uint8Array =>
  packet({ protocol: 17, sourcePort: 40000, destinationPort: 53, payload: hex(text) });
const NAME = '03777777 07 6578616d706c65 00';
const arp = (operation: string): Uint8Array =>
  hex(`0001 0800 0604 ${operation} 02000000000a 0a000001 000000000000 0a000002`);
const echo = { protocol: 1, icmpId: 7, icmpSequence: 2 };

describe('plain packets are written as bytes', () => {
  it.each<readonly [name: string, linkType: number, bytes: Uint8Array]>([
    ['TCP', 1, ethernet('0800', TCP)],
    ['TCP, IPv6', 1, ethernet('86dd', TCP6)],
    ['UDP', 1, ethernet('0800', UDP)],
    ['UDP, IPv6', 1, ethernet('86dd', packet({ ...six, protocol: 17, sourcePort: 1, destinationPort: 2 }))],
    ['behind a tag', 1, ethernet('8100', join(hex('000a 0800'), TCP))],
    ['padded', 1, ethernet('0800', join(TCP, new Uint8Array(6)))],
    ['SLL', 113, join(hex('0004 0001 0006 02000000000a 0000 0800'), TCP)],
    ['SLL2', 276, join(hex('0800 0000 00000007 0001 00 06 02000000000a 0000'), TCP)],
    ['raw', 101, TCP],
    ['raw IPv6', 101, TCP6],
    ['LINKTYPE_IPV4', 228, TCP],
    ['LINKTYPE_IPV6', 229, TCP6],
    ['echo request', 101, packet(echo)],
    ['echo reply', 101, packet({ ...echo, icmpType: 0 })],
    ['ICMPv6 echo', 101, packet({ ...six, ...echo, protocol: 58, icmpType: 128 })],
    ['neighbour solicitation', 101, packet({ ...six, protocol: 58, icmpType: 135, payload: 16 })],
    ['router advertisement', 101, packet({ ...six, protocol: 58, icmpType: 134, payload: 8 })],
    ['ARP request', 1, ethernet('0806', arp('0001'))],
    ['ARP reply', 1, ethernet('0806', arp('0002'))],
    ['DNS query', 101, dns(`0007 0100 0001 0000 0000 0000 ${NAME} 0001 0001`)],
    [
      'DNS answer',
      101,
      dns(
        `0007 8180 0001 0002 0000 0000 ${NAME} 0001 0001 c00c 0005 0001 00000001 0002 c010 c010 0001 0001 00000001 0004 0a000001`,
      ),
    ],
    ['NXDOMAIN', 101, dns(`0007 8183 0001 0000 0000 0000 ${NAME} 001c 0001`)],
    ['no answer', 101, dns(`0007 8180 0001 0000 0000 0000 ${NAME} 001c 0001`)],
    ['mDNS answer', 101, dns(`0000 8400 0000 0001 0000 0000 ${NAME} 000c 0001 00000001 0002 c00c`)],
  ])('%s', (_, linkType, bytes) => {
    const frame = whole(linkType, bytes);
    expect(isPlain(frame)).toBe(true);
  });

  it('also when the snaplen has left no more than the headers', () => {
    const bytes = ethernet('0800', packet({ protocol: 6, sourcePort: 1, destinationPort: 2, payload: 999 }));
    const frame = blockFrame(bytes, { ...STAMP, linkType: 1, base: 0, captured: 54, length: bytes.length });
    expect(isPlain(frame)).toBe(true);
    expect(lineOf(frame)).toContain('length 999');
  });

  it.each([34, 53, 54, 55, 58, 60, 65, 66])('or cut the TCP options, here behind byte %i', (captured) => {
    const options = packet({ protocol: 6, sourcePort: 53, destinationPort: 2, tcpMss: 1460, payload: 99 });
    const bytes = ethernet('0800', options);
    const frame = blockFrame(bytes, { ...STAMP, linkType: 1, base: 0, captured, length: bytes.length });
    // Its port is that of DNS: with the options, what is behind them would be looked into.
    expect(isPlain(frame)).toBe(captured >= 54 && captured < 58);
  });

  it('with all flags and an address that takes its whole room', () => {
    const long = '1111:2222:3333:4444:5555:6666:7777:8888';
    const bytes = packet({
      source: long,
      destination: long,
      protocol: 6,
      sourcePort: 65535,
      destinationPort: 65535,
      tcpFlags: 0x1ff,
      tcpSequence: 0xffffffff,
      tcpAcknowledgement: 0xffffffff,
      tcpWindow: 65535,
      tcpMss: 65535,
    });
    const frame = whole(1, ethernet('8100', join(hex('0fff 86dd'), bytes)));
    expect(isPlain(frame)).toBe(true);
  });

  it('not what has no block behind it, nor what was made from text', () => {
    expect(isPlain(frameOf(TCP, { linkType: 101 }))).toBe(false);
    const told = Object.assign(whole(101, TCP), { told: { line: 1, unsaid: 0 } });
    expect(isPlain(told)).toBe(false);
  });
});

describe('the two ways give the same', () => {
  it('of random packets, whole, cut and damaged', () => {
    let plain = 0;
    let all = 0;
    fc.assert(
      fc.property(frames, (frame) => {
        all++;
        if (isPlain(frame)) plain++;
      }),
      { numRuns: 20_000 },
    );
    expect(plain / all).toBeGreaterThan(0.15);
  });

  it('of the sample captures, most of which are plain', async () => {
    const share = await compare(samples());
    expect(share).toBeGreaterThan(0.9);
  });

  it.runIf(hasCorpus)('of the corpus', async () => {
    const share = await compare(corpusFiles().map(({ file = '' }) => corpusPath(file)));
    expect(share).toBeGreaterThan(0.3);
  });
});

function samples(): string[] {
  const files = readdirSync('captures', { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file)).map((file) => joinPath('captures', file));
}

/** The share of packets that are plain. */
async function compare(paths: readonly string[]): Promise<number> {
  let plain = 0;
  let all = 0;
  for (const path of paths.filter((one) => existsSync(one))) {
    await scanFile(path, (frame) => {
      all++;
      if (isPlain(frame)) plain++;
    });
  }
  expect(all).toBeGreaterThan(100);
  return plain / all;
}
