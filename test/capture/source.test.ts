import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import zlib, { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { foreignCapture, isCapture } from '../../src/capture/magic.ts';
import { openFile, openStream } from '../../src/capture/open.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { type ByteSource, memorySource, peek } from '../../src/capture/source.ts';
import type { CaptureSummary } from '../../src/capture/summary.ts';
import { collector } from '../../src/capture/writer.ts';
import { concat, readAll, u32 } from './blocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** More than one block of the file source: records straddle its seams. */
const PACKETS = 40_000;
const { sink, bytes: written } = collector();
const add = pcapWriter(sink, { linkType: 101 });
for (let i = 0; i < PACKETS; i++) {
  add({ seconds: i, nanoseconds: 0, bytes: new Uint8Array(40 + (i % 23)).fill(i) });
}
const capture = written();

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function scan(source: ByteSource): Promise<{ summary: CaptureSummary; wrong: number }> {
  let wrong = 0;
  const summary = await scanCapture(source, (frame) => {
    const i = frame.number - 1;
    const { bytes } = frame;
    if (frame.seconds !== i || bytes.length !== 40 + (i % 23) || bytes.some((byte) => byte !== (i & 255)))
      wrong++;
  });
  return { summary, wrong };
}

async function scanPath(path: string): Promise<{ summary: CaptureSummary; wrong: number }> {
  const source = openFile(path);
  if (!('read' in source)) throw new Error(source.text);
  return scan(source);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

describe('sources', () => {
  const third = Math.floor(capture.length / 3);
  const packed = gzipSync(capture);
  it.each([
    ['plain', capture],
    ['gzip', packed],
    [
      'gzip in three members',
      concatenated(gzipSync(capture.subarray(0, third)), gzipSync(capture.subarray(third))),
    ],
  ])('%s, from a file and from a stream', async (name, bytes) => {
    const fromFile = await scanPath(file(`${name}.bin`, bytes));
    const fromStream = await scan(openStream(pieces(bytes, 5000)));
    for (const { summary, wrong } of [fromFile, fromStream]) {
      expect(summary).toMatchObject({ packets: PACKETS, issues: [] });
      expect(wrong).toBe(0);
    }
  });

  it('a file gives its size and its blocks without waiting', () => {
    const source = openFile(file('sync.pcap', capture));
    expect('size' in source && source.size).toBe(capture.length);
    expect('read' in source && source.read()).toBeInstanceOf(Uint8Array);
  });

  it('memory', async () => {
    expect(await scan(memorySource(capture))).toMatchObject({ wrong: 0, summary: { packets: PACKETS } });
  });

  it('zstd where Node has it, otherwise it says what to do', async () => {
    const compress: unknown = Reflect.get(zlib, 'zstdCompressSync');
    const head = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]);
    const bytes = typeof compress === 'function' ? (compress(capture) as Uint8Array) : head;
    const { summary } = await scanPath(file('x.zst', bytes));
    if (typeof compress === 'function') expect(summary).toMatchObject({ packets: PACKETS, issues: [] });
    else expect(summary.issues).toMatchObject([{ code: 'zstd-unsupported' }]);
  });

  it('reads everything before the end of a gzip that was cut off', async () => {
    const cut = packed.subarray(0, packed.length - 3000);
    const { summary, wrong } = await scanPath(file('cut.gz', cut));
    expect(summary.packets).toBeGreaterThan(PACKETS / 2);
    expect(wrong).toBe(0);
    expect(summary.issues.map((issue) => issue.code)).toContain('gzip-truncated');
  });

  it('reads what comes before damage in a gzip', async () => {
    const stored = gzipSync(capture, { level: 0 });
    stored.fill(0xff, 1_000_000, 1_000_100);
    const { summary } = await scanPath(file('bad.gz', stored));
    expect(summary.packets).toBeGreaterThan(1000);
    expect(summary.issues.length).toBeGreaterThan(0);
  });

  it('closing early ends a packed source', async () => {
    const source = openStream(pieces(packed, 1000));
    expect(await source.read()).toBeInstanceOf(Uint8Array);
    source.close();
    const stopped = scanCapture(openStream(pieces(packed, 1000)), () => {}, { onProgress: () => false });
    expect((await stopped).issues).toEqual([]);
  });

  it('a stream that fails ends the capture with an issue', async () => {
    const failing = Readable.from(
      (async function* () {
        yield capture.slice(0, 1000);
        throw new Error('pipe burst');
      })(),
    );
    const { summary } = await scan(openStream(failing));
    expect(summary.packets).toBeGreaterThan(10);
    expect(summary.issues.map((issue) => issue.code)).toEqual(['read-failed', 'pcap-truncated']);
    expect(summary.issues[0]?.text).toContain('pipe burst');
  });

  it.each([
    ['missing', 'open-failed', 'no such file'],
    ['', 'open-failed', 'directory'],
  ])('what can not be opened is an issue (%s)', (name, code, words) => {
    const source = openFile(join(folder, name));
    expect(source).toMatchObject({ code, severity: 'error' });
    expect('text' in source && source.text).toContain(words);
  });

  it('peeks without taking', async () => {
    for (const size of [1, 7, 5000]) {
      const { head, source } = await peek(openStream(pieces(capture.slice(0, 5000), size)), 24);
      expect([...head]).toEqual([...capture.subarray(0, 24)]);
      const whole: number[] = [];
      for (;;) {
        const next = await source.read();
        if (!next) break;
        whole.push(...next);
      }
      expect(whole).toEqual([...capture.subarray(0, 5000)]);
    }
    expect((await peek(memorySource(new Uint8Array()), 24)).head.length).toBe(0);
  });
});

/** Buffer.concat would do, were it not for the types. */
function concatenated(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe('what is no capture', () => {
  it.each([
    ['an empty file', [], 'capture-empty', 'empty'],
    ['text', [...Buffer.from('*filter\n:INPUT ACCEPT [0:0]\n')], 'capture-unknown', '*filter'],
    ['a few bytes', [1, 2], 'capture-unknown', '01 02'],
    ['an ELF file', [0x7f, 0x45, 0x4c, 0x46, ...new Array<number>(60).fill(0)], 'capture-unknown', '7f 45'],
    [
      'another capture format',
      [...Buffer.from('btsnoop\0'), ...u32(1), ...u32(1)],
      'capture-unsupported',
      'Bluetooth',
    ],
    ['only a magic', u32(0xa1b2c3d4), 'pcap-truncated', '24'],
  ])('%s', (_, bytes, code, words) => {
    for (const size of [1, 100]) {
      const { seen, summary } = readAll(concat(bytes), size);
      expect(seen).toEqual([]);
      expect(summary.issues).toMatchObject([{ severity: 'error', code }]);
      expect(summary.issues[0]?.text).toContain(words);
    }
  });

  it('knows the magics', () => {
    expect(isCapture(concat(u32(0xa1b23c4d, false)))).toBe('pcap');
    expect(isCapture(concat(u32(0x0a0d0d0a), u32(28), u32(0x1a2b3c4d, false)))).toBe('pcapng');
    expect(isCapture(concat(u32(0x0a0d0d0a), u32(28), u32(0)))).toBeUndefined();
    expect(isCapture(concat(Buffer.from('snoop\0\0\0')))).toBe('snoop');
    expect(foreignCapture(concat(Buffer.from('GMBU')))).toContain('Network Monitor');
    expect(foreignCapture(capture)).toBeUndefined();
  });
});

describe('any bytes', () => {
  const starts = [
    capture.slice(0, 24),
    concat(u32(0x0a0d0d0a), u32(28), u32(0x1a2b3c4d), [1, 0, 0, 0], new Array<number>(8).fill(255), u32(28)),
    concat(Buffer.from('snoop\0\0\0'), u32(2, false), u32(4, false)),
    new Uint8Array(),
  ];

  it('never throw, and give the same in blocks of any size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 40 }),
            fc.nat({ max: 80 }).map((n) => new Uint8Array(u32(n))),
          ),
        ),
        fc.integer({ min: 1, max: 64 }),
        (start, parts, size) => {
          const bytes = concat(start, ...parts);
          const whole = readAll(bytes);
          const inParts = readAll(bytes, size);
          expect(inParts.seen).toEqual(whole.seen);
          expect(inParts.summary).toEqual(whole.summary);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('flipped in a good file cost nothing that came before them', () => {
    const small = capture.slice(0, 3000);
    fc.assert(
      fc.property(fc.integer({ min: 24 * 8, max: small.length * 8 - 1 }), (bit) => {
        const bytes = small.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const before = readAll(small.subarray(0, bit >> 3)).seen;
        expect(readAll(bytes).seen.slice(0, before.length)).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });
});

describe('snoop', () => {
  it('reads records with their padding', () => {
    const record = (length: number, data: readonly number[], padding: number): number[] => [
      ...u32(length, false),
      ...u32(data.length, false),
      ...u32(24 + data.length + padding, false),
      ...u32(0, false),
      ...u32(100, false),
      ...u32(250, false),
      ...data,
      ...new Array<number>(padding).fill(0),
    ];
    const header = concat(Buffer.from('snoop\0\0\0'), u32(2, false), u32(4, false));
    const bytes = concat(header, record(9, [1, 2, 3], 1), record(2, [4, 5], 2));
    for (const size of [1, 30, 500]) {
      const { seen, summary } = readAll(bytes, size);
      expect(seen).toMatchObject([
        { length: 9, bytes: '010203', seconds: 100, nanoseconds: 250_000, linkType: 1 },
        { length: 2, bytes: '0405' },
      ]);
      expect(summary.issues).toEqual([]);
    }
    expect(readAll(bytes.subarray(0, -5)).summary.issues).toMatchObject([
      { code: 'snoop-truncated', packet: 2 },
    ]);
  });
});
