import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import parser, { type PcapParserPacket } from 'pcap-parser';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { formatTime } from '../../src/packet/format-time.ts';
import { corpusFiles, corpusPath, hasCorpus, packetRows, scanFile } from '../packet/corpus.ts';

/**
 * Times are the same, or the record has more than 999999 microseconds: tshark prints those as nanoseconds behind the point as they
 * are, modulo 2^32; we carry. Without a time stamp (simple packet blocks) tshark has none to print.
 */
function sameTime(frame: Frame, theirs: string): boolean {
  if (theirs === '') return frame.seconds === 0 && frame.nanoseconds === 0;
  if (formatTime(frame.seconds, frame.nanoseconds) === theirs) return true;
  const [seconds = '', fraction = ''] = theirs.split('.');
  const beyond = BigInt(frame.seconds - Number(seconds)) * 1_000_000_000n + BigInt(frame.nanoseconds);
  return beyond >= 1_000_000_000n && beyond % (1n << 32n) === BigInt(fraction);
}

/** SunATM frames begin with four bytes that tshark doesn't count. */
const SUNATM = 123;

describe.runIf(hasCorpus)('the corpus of captures', () => {
  it('has as many packets in each file as its records say', async () => {
    const counts = await Promise.all(
      corpusFiles().map(async (file) => {
        const summary = await scanFile(corpusPath(file.file ?? ''), () => {});
        // Others end at a damaged record.
        const damaged = summary.issues.find(({ code }) => code.startsWith('pcap-record'));
        const { packet = summary.packets + 1, code } = damaged ?? {};
        return [
          file.file,
          code === 'pcap-records-overlap' ? packet : packet - 1,
          Number(file.records_raw_walk),
        ];
      }),
    );
    expect(counts.filter(([, ours, walked]) => ours !== walked)).toEqual([]);
    expect(counts.length).toBeGreaterThan(1000);
  }, 60_000);

  it('has the times and lengths that tshark shows', async () => {
    const wrong: unknown[] = [];
    let compared = 0;
    for (const file of corpusFiles()) {
      const rows = packetRows(file);
      await scanFile(corpusPath(file.file ?? ''), (frame) => {
        const row = rows[frame.number - 1];
        // Link types tshark doesn't know, versions it refuses: it has no rows then, otherwise one for each.
        if (!row) return;
        compared++;
        const shim = frame.linkType === SUNATM ? 4 : 0;
        const ours = `${frame.length - shim} ${frame.captured - shim}`;
        const theirs = `${row['frame.len']} ${row['frame.cap_len']}`;
        const time = row['frame.time_epoch'] ?? '';
        if (ours !== theirs || !sameTime(frame, time)) {
          wrong.push([file.file, frame.number, ours, theirs, frame.seconds, frame.nanoseconds, time]);
        }
      });
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(90_000);
  }, 60_000);

  it('reads plain microsecond files as pcap-parser does', async () => {
    const plain = corpusFiles().filter(
      (file) =>
        file.format === 'pcap' &&
        file.ts_resolution === 'us' &&
        file.walk_note === '' &&
        file.tshark_note === '',
    );
    const wrong: unknown[] = [];
    let files = 0;
    for (const file of plain) {
      const path = corpusPath(file.file ?? '');
      const ours: string[] = [];
      await scanFile(path, (frame) => {
        const sum = frame.bytes.reduce((a, b) => (a * 31 + b) | 0, 0);
        ours.push(`${formatTime(frame.seconds, frame.nanoseconds)} ${frame.length} ${frame.captured} ${sum}`);
      });
      const theirs = await secondOpinion(readFileSync(path));
      files++;
      if (ours.join('\n') !== theirs.join('\n')) wrong.push([file.file, ours.length, theirs.length]);
    }
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThan(1000);
  }, 60_000);
});

/** In one chunk: over several it takes quadratic time. */
function secondOpinion(bytes: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const events = parser.parse(Readable.from([bytes]));
    events.on('packet', ({ header, data }: PcapParserPacket) => {
      const micro = header.timestampMicroseconds;
      const time = formatTime(header.timestampSeconds + Math.floor(micro / 1e6), (micro % 1e6) * 1000);
      const sum = data.reduce((a, b) => (a * 31 + b) | 0, 0);
      lines.push(`${time} ${header.originalLength} ${header.capturedLength} ${sum}`);
    });
    events.on('end', () => resolve(lines));
    events.on('error', reject);
  });
}
