import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { iterableSource, memorySource } from '../../src/capture/source.ts';
import { spool } from '../../src/capture/spool.ts';

async function all(source: ReturnType<typeof memorySource>): Promise<number[]> {
  const bytes: number[] = [];
  for (;;) {
    const block = await source.read();
    if (!block) break;
    bytes.push(...block);
  }
  source.close();
  return bytes;
}

const folder = process.env.TMPDIR;
afterEach(() => {
  if (folder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = folder;
});

describe('spool', () => {
  async function* blocks() {
    yield Uint8Array.of(1, 2, 3);
    yield Uint8Array.of(4);
  }

  it('gives a stream again, as often as it is asked', async () => {
    const copied = spool('-', () => iterableSource(blocks()));
    for (const _ of [1, 2, 3]) expect(await all(copied.open())).toEqual([1, 2, 3, 4]);
    expect(copied.issue).toBeUndefined();
    copied.close();
  });

  it('leaves no file that anybody sees', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith(`nettrace-${process.pid}-`));
    const copied = spool('-', () => memorySource(Uint8Array.of(7)));
    await all(copied.open());
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`nettrace-${process.pid}-`))).toEqual(
      before,
    );
    copied.close();
  });

  it('without a place for the copy gives the stream once, and says why', async () => {
    process.env.TMPDIR = '/nowhere/at/all';
    const copied = spool('-', () => memorySource(Uint8Array.of(7, 8)));
    expect(await all(copied.open())).toEqual([7, 8]);
    expect(await all(copied.open())).toEqual([]);
    expect(copied.issue?.text).toContain('/nowhere/at/all');
    copied.close();
  });
});
