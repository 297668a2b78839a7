import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import type { ByteSource } from '../../src/capture/source.ts';
import type { CaptureInput, InputSet } from '../../src/input/input.ts';
import { observed } from '../../src/input/observed.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-observed-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('what is read is told, and lies where it was asked for', () => {
  const path = join(folder, 'bytes.pcap');
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
  writeFileSync(path, bytes);
  const capture: CaptureInput = { path, by: 'assumed', open: () => openFile(path) as ByteSource };
  const told: number[] = [];
  const inputs = { captures: [capture], dumps: [], commands: [] } as unknown as InputSet;
  const [watched] = observed(inputs, (_, count, total) => {
    expect(total).toBe(bytes.length);
    told.push(count);
  }).captures;
  const source = watched?.open() as ByteSource;
  const memory = new Uint8Array(1 << 16);
  source.readInto?.(memory);
  const read: number[] = [];
  const own: boolean[] = [];
  for (;;) {
    const block = source.read();
    if (!(block instanceof Uint8Array)) break;
    read.push(...block);
    own.push(block.buffer === memory.buffer);
  }
  source.close();
  expect(read).toEqual([...bytes]);
  // The first block was read when the file was opened, to see whether it is packed.
  expect(own.slice(1)).toEqual(own.slice(1).map(() => true));
  expect(own.length).toBeGreaterThan(2);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(bytes.length);
});
