/** A text capture held against the pcap that tcpdump printed it from: every field that the text shows is the same. */
import { spawnSync } from 'node:child_process';
import { fileSource } from '../../src/capture/file-source.ts';
import type { Frame } from '../../src/capture/frame.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { type ByteSource, memorySource } from '../../src/capture/source.ts';
import { plainLines } from '../../src/dump/text.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { type TextContext, textCaptureBytes } from '../../src/tcpdump/capture.ts';

export function hasTcpdump(): boolean {
  return spawnSync('tcpdump', ['--version']).status === 0;
}

/** What tcpdump prints; undefined when it refuses the file. */
export function printed(file: string, flags: readonly string[]): string | undefined {
  const run = spawnSync('tcpdump', ['-r', file, ...flags], {
    encoding: 'latin1',
    maxBuffer: 2 ** 29,
    env: { ...process.env, TZ: 'UTC' },
    timeout: 60_000,
  });
  return run.stdout === '' || run.stdout === null ? undefined : run.stdout;
}

export async function packetsOfText(text: string, context: TextContext = {}): Promise<Packet[]> {
  const lines = plainLines(text).map((line, at) => ({ number: at + 1, text: line }));
  return packetsOf(memorySource(textCaptureBytes(lines, context)));
}

export async function packetsOf(source: ByteSource): Promise<Packet[]> {
  const packets: Packet[] = [];
  await scanCapture(source, (frame: Frame) => packets.push(dissect(frame)));
  return packets;
}

export async function packetsOfFile(file: string): Promise<Packet[]> {
  const source = fileSource(file);
  if (!('read' in source)) throw new Error(source.text);
  return packetsOf(source);
}

/** Fields that a text capture may lack, but not have differently. */
const FIELDS = [
  ...['source', 'destination', 'protocol', 'ttl', 'id', 'fragmentOffset', 'moreFragments'],
  ...['sourcePort', 'destinationPort', 'tcpFlags', 'tcpSequence', 'tcpAcknowledgement'],
  ...['icmpType', 'icmpCode', 'arpOperation', 'etherSource', 'etherDestination', 'etherType', 'vlans'],
] as const;

/** What the text says otherwise than the packet does; fields of a packet that the frame around a text can't tell are left out. */
export function differences(text: Packet, pcap: Packet, times: boolean): string[] {
  const left = packetLine(text, '') as unknown as Record<string, unknown>;
  const right = packetLine(pcap, '') as unknown as Record<string, unknown>;
  const found: string[] = [];
  for (const field of FIELDS) {
    const [told, is] = [left[field], right[field]];
    if (told === undefined || JSON.stringify(told) === JSON.stringify(is)) continue;
    // tcpdump before 4.99.4 didn't print the ninth flag.
    if (field === 'tcpFlags' && told === ((is as number) & 0xff)) continue;
    found.push(`${field} ${JSON.stringify(told)} for ${JSON.stringify(is)}`);
  }
  if (times && String(left.time).slice(0, -3) !== String(right.time).slice(0, -3))
    found.push(`time ${left.time} for ${right.time}`);
  return found;
}
