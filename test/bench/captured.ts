/** The benchmark's traffic, small and in memory. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePoints } from '../../scripts/bench/captures/points.mjs';
import { memorySource } from '../../src/capture/source.ts';
import type { CaptureInput, InputSet } from '../../src/input/input.ts';

/** Names of the capture points, nearest to the sender first; at `br0` before its translation, at `eth0` after it. */
const FILES = { br0: 'host/br0.pcap', eth0: 'host/eth0.pcap' };

/** The bytes of one capture, of so many packets. */
export function captured(packets: number): Readonly<Record<keyof typeof FILES, Uint8Array>> {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-micro-'));
  try {
    writePoints(folder, { packets, flows: Math.ceil(packets / 20), points: 2 });
    const read = (name: string) => new Uint8Array(readFileSync(join(folder, 'captures', name)));
    return { br0: read(FILES.br0), eth0: read(FILES.eth0) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function inputsOf(captures: Readonly<Record<string, Uint8Array>>): InputSet {
  return {
    captures: Object.entries(captures).map(
      ([name, bytes]): CaptureInput => ({
        path: `${name}.pcap`,
        namespace: 'host',
        interface: name,
        by: 'argument',
        open: () => memorySource(bytes),
      }),
    ),
    dumps: [],
    issues: [],
  };
}
