/** readCapture: a block at a time, and nothing left open. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedPacket, openBundle, type Progress, readCapture, UsageError } from '../../src/index.ts';
import { run } from '../cli/harness.ts';
import { captureOf } from './lab.ts';

let folder = '';
let path = '';
const bytes = captureOf(12_000);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-reading-'));
  path = join(folder, 'eth0.pcap');
  writeFileSync(path, bytes);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** How often this process has the file open. */
function timesOpen(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;
}

async function count(packets: AsyncIterable<CapturedPacket>): Promise<number> {
  let seen = 0;
  for await (const _ of packets) seen++;
  return seen;
}

async function* blocksOf(all: Uint8Array, size: number, onPull: () => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) {
    onPull();
    yield all.subarray(at, at + size);
  }
}

describe('a capture', () => {
  it('is the same from a file, from memory, packed, and as a stream in any pieces', async () => {
    for (const source of [
      path,
      bytes,
      gzipSync(bytes),
      Readable.from([bytes]),
      blocksOf(bytes, 4099, () => {}),
    ])
      expect(await count(readCapture(source))).toBe(36_000);
  });

  it('has packets of one’s own, with all that the command says of them', async () => {
    const kept: CapturedPacket[] = [];
    for await (const packet of readCapture(path)) {
      kept.push(packet);
      if (packet.number === 3000) break;
    }
    const { stdout } = await run(['show', '--format', 'jsonl', path]);
    expect(kept.map((packet) => packet.decode())).toEqual(
      stdout
        .split('\n')
        .slice(0, 3000)
        .map((line) => JSON.parse(line)),
    );
    const first = kept[0] as CapturedPacket;
    expect(first.time).toBe(first.seconds + first.nanoseconds / 1e9);
    expect(first).toMatchObject({ number: 1, linkType: 1, captured: first.bytes.length });
  });

  it('is read from its beginning by each loop', async () => {
    const capture = readCapture(path, { filter: 'tcp and host 10.1.0.3' });
    expect([await count(capture), await count(capture)]).toEqual([3, 3]);
    expect([capture.format, capture.issues]).toEqual(['pcap', []]);
    const [own] = (await openBundle({ 'red.eth0.pcap': bytes })).captures;
    expect(own && (await count(own.read({ filter: 'src host 10.9.0.1' })))).toBe(10_285);
    await expect(count(readCapture(path, { filter: 'host web' }))).rejects.toThrow(UsageError);
  });
});

describe('a block is read when it is needed', () => {
  it('and not before', async () => {
    let pulled = 0;
    const size = 1 << 16;
    let seen = 0;
    for await (const _ of readCapture(blocksOf(bytes, size, () => pulled++))) {
      // 70 bytes a packet and more; a block waits at most.
      if (++seen % 1000 === 0) expect(pulled * size).toBeLessThan(seen * 80 + 3 * size);
    }
    expect(pulled).toBe(Math.ceil(bytes.length / size));
  });

  it('and the file is closed when the loop ends', async () => {
    for await (const { number } of readCapture(path)) {
      expect(timesOpen()).toBe(1);
      if (number === 10) break;
    }
    expect(timesOpen()).toBe(0);
    const failing = (async () => {
      for await (const _ of readCapture(path)) throw new Error('enough');
    })();
    await expect(failing).rejects.toThrow('enough');
    expect(timesOpen()).toBe(0);
  });

  it('and the source is ended with the loop', async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield bytes.subarray(0, 5000);
        for (;;) yield bytes.subarray(5000, 5000);
      } finally {
        ended = true;
      }
    }
    for await (const _ of readCapture(endless())) break;
    expect(ended).toBe(true);
  });
});

describe('an aborted signal', () => {
  it('ends it with the signal’s reason, and closes the file at once', async () => {
    const controller = new AbortController();
    const reason = new Error('not needed any more');
    const packets = readCapture(path, { signal: controller.signal })[Symbol.asyncIterator]();
    await packets.next();
    expect(timesOpen()).toBe(1);
    controller.abort(reason);
    expect(timesOpen()).toBe(0);
    await expect(packets.next()).rejects.toBe(reason);
    await expect(count(readCapture(path, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it('is heard while a stream gives nothing', async () => {
    const stalled = new Readable({ read() {} });
    stalled.push(bytes.subarray(0, 1000));
    const controller = new AbortController();
    const reason = new Error('enough');
    let seen = 0;
    const reading = (async () => {
      for await (const _ of readCapture(stalled, { signal: controller.signal }))
        if (++seen === 10) setTimeout(() => controller.abort(reason), 20);
    })();
    await expect(reading).rejects.toBe(reason);
    expect(stalled.destroyed).toBe(true);
  });
});

it('tells how far it is', async () => {
  const told: Progress[] = [];
  await count(readCapture(path, { onProgress: (progress) => told.push(progress) }));
  expect(told.at(-1)).toEqual({
    stage: 'captures',
    unit: 'bytes',
    done: bytes.length,
    total: bytes.length,
    path,
  });
  expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
});
