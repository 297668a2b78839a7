/** One file as the commands read it: the records of its dumps, and the packets of captures. */
import { scanCapture } from '../../src/capture/scan.ts';
import type { CaptureInput } from '../../src/input/input.ts';
import { resolveFiles } from '../../src/input/resolve.ts';
import { type Found, recordsOf } from './records.ts';

export interface Reading {
  /** What it was taken for. */
  readonly forms: readonly string[];
  readonly records: readonly Found[];
  readonly packets: readonly Packet[];
  /** Packets that were read while none was looked at. */
  readonly counted: number;
}

export interface Packet {
  readonly time: string;
  readonly bytes: string;
}

export async function readFile(name: string, bytes: Uint8Array): Promise<Reading> {
  const { captures, dumps, commands = [] } = await resolveFiles('damaged', [{ name, bytes }]);
  const packets: Packet[] = [];
  const records = [
    ...dumps.flatMap(({ dump }) => recordsOf(dump.content)),
    ...commands.map(({ line, text }) => ({ line, around: undefined, text })),
  ];
  let counted = 0;
  for (const capture of captures) {
    if (capture.why === undefined) {
      packets.push(...(await packetsOf(capture)));
      counted += (await scanCapture(capture.open(), undefined)).packets;
    } else records.push(...(await linesOf(capture)));
  }
  return { forms: dumps.map(({ dump }) => dump.format), records, packets, counted };
}

async function packetsOf(capture: CaptureInput): Promise<Packet[]> {
  const packets: Packet[] = [];
  await scanCapture(capture.open(), ({ seconds, nanoseconds, bytes }) => {
    packets.push({ time: `${seconds}.${nanoseconds}`, bytes: Buffer.from(bytes).toString('latin1') });
  });
  return packets;
}

/** Of a text that tcpdump printed: which lines became packets. Their numbers depend on what is printed before them. */
async function linesOf(capture: CaptureInput): Promise<Found[]> {
  const lines: Found[] = [];
  await scanCapture(capture.open(), ({ told, captured }) => {
    if (told) lines.push({ line: told.line, around: undefined, text: `packet of ${captured} bytes` });
  });
  return lines;
}
