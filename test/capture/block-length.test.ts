/** How many bytes of a file are read at a time. */
import { describe, expect, it } from 'vitest';
import { LONG_BLOCK, USUAL_BLOCK } from '../../src/capture/columns.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { type ScanOptions, scanCapture } from '../../src/capture/scan.ts';
import { type ByteSource, memorySource } from '../../src/capture/source.ts';
import { collector } from '../../src/capture/writer.ts';
import { CaptureFlows, UNTOLD } from '../../src/scan/capture-flows.ts';

/** A capture of packets of so many bytes each, one stretch of them after the other. */
function capture(...stretches: readonly (readonly [packets: number, length: number])[]): Uint8Array {
  const { sink, bytes } = collector();
  const add = pcapWriter(sink, { linkType: 1 });
  let seconds = 1_700_000_000;
  for (const [packets, length] of stretches) {
    const frame = new Uint8Array(length);
    // Receiver, sender, IPv4 and TCP from 10.0.0.1 to 10.0.0.2, with all that is left of it as its payload.
    frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, (length - 14) >> 8, (length - 14) & 255]);
    frame.set([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20, 0], 18);
    frame.set([0x50, 0x10], 46);
    for (let i = 0; i < packets; i++) add({ seconds: seconds++, nanoseconds: 0, bytes: frame });
  }
  return bytes();
}

/** As a file is read; notes what it is asked for. */
function file(bytes: Uint8Array, asked: number[], isLongBest: boolean): ByteSource {
  let memory = new Uint8Array(1 << 16);
  let at = 0;
  return {
    size: bytes.length,
    isLongBest,
    readInto: (wanted) => {
      memory = wanted as Uint8Array<ArrayBuffer>;
      asked.push(wanted.length);
    },
    read() {
      const block = bytes.subarray(at, at + memory.length);
      at += block.length;
      memory.set(block);
      return block.length > 0 ? memory.subarray(0, block.length) : undefined;
    },
    close: () => {},
  };
}

async function counted(source: ByteSource) {
  return scanCapture(source, undefined);
}

async function tabled(source: ByteSource) {
  const flows = new CaptureFlows({ ...UNTOLD, isDirect: true });
  const options: ScanOptions = {
    columns: flows.columns,
    onColumns: (columns) => flows.addColumns(columns),
    onBlockEnd: () => flows.flush(),
  };
  const summary = await scanCapture(source, (frame) => flows.add(frame), options);
  flows.end();
  expect(flows.plain).toBe(summary.packets);
  const { records } = flows.table;
  return { summary, records: [...records.words.subarray(0, records.count * 16)] };
}

describe.each([
  ['counting', counted],
  ['reading flows', tabled],
])('%s, a block is', (_, read: (source: ByteSource) => Promise<unknown>) => {
  it.each([
    ['usual, of short records', true, [[20_000, 100]], [USUAL_BLOCK]],
    ['long, of long ones', true, [[4000, 1400]], [USUAL_BLOCK, LONG_BLOCK]],
    ['usual, of long ones where long blocks are not best', false, [[4000, 1400]], [USUAL_BLOCK]],
    [
      'as the records have been so far',
      true,
      [
        [9000, 100],
        [6000, 1400],
        [90_000, 100],
      ],
      [USUAL_BLOCK, LONG_BLOCK, USUAL_BLOCK],
    ],
  ] as const)('%s', async (_name, isLongBest, stretches, lengths) => {
    const bytes = capture(...stretches);
    const asked: number[] = [];
    const there = await read(file(bytes, asked, isLongBest));
    expect(asked).toEqual(lengths);
    expect(there).toEqual(await read(memorySource(bytes)));
  });
});
