/** Recordings in one file: the texts that many of them share first, then a line each. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BenchRecording } from './bench.ts';

const PATH = new URL('../recorded/bench.jsonl.gz', import.meta.url);

type Stored = Omit<BenchRecording, 'dumps'> & {
  readonly dumps: readonly (readonly [namespace: string, command: string, text: number])[];
};

export function writeBench(recordings: readonly BenchRecording[]): void {
  const texts = new Map<string, number>();
  const indexOf = (text: string): number => {
    const known = texts.get(text) ?? texts.size;
    texts.set(text, known);
    return known;
  };
  const stored = recordings.map(
    (each): Stored => ({
      ...each,
      dumps: each.dumps.map(([namespace, command, text]) => [namespace, command, indexOf(text)]),
    }),
  );
  const lines = [[...texts.keys()], ...stored].map((line) => JSON.stringify(line));
  mkdirSync(new URL('.', PATH), { recursive: true });
  writeFileSync(PATH, gzipSync(lines.join('\n'), { level: 9 }));
}

export function readBench(): BenchRecording[] {
  if (!existsSync(PATH)) return [];
  const [first = '[]', ...lines] = gunzipSync(readFileSync(PATH)).toString().split('\n');
  const texts = JSON.parse(first) as string[];
  return lines.map((line) => {
    const stored = JSON.parse(line) as Stored;
    return {
      ...stored,
      dumps: stored.dumps.map(([namespace, command, text]) => [namespace, command, texts[text] ?? '']),
    };
  });
}
