/** Recordings in one file: the texts that many of them share first, then a line each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Recording } from './live-case.ts';

const PATH = new URL('../recorded/kernel.jsonl.gz', import.meta.url);

type Stored = Omit<Recording, 'dumps'> & {
  readonly dumps: readonly (readonly [command: string, text: number])[];
};

export function writeRecordings(recordings: readonly Recording[]): void {
  const texts = new Map<string, number>();
  const indexOf = (text: string): number => {
    const known = texts.get(text) ?? texts.size;
    texts.set(text, known);
    return known;
  };
  const stored = recordings.map(
    (each): Stored => ({ ...each, dumps: each.dumps.map(([command, text]) => [command, indexOf(text)]) }),
  );
  const lines = [[...texts.keys()], ...stored].map((line) => JSON.stringify(line));
  writeFileSync(PATH, gzipSync(lines.join('\n'), { level: 9 }));
}

export function readRecordings(): Recording[] {
  const [first = '[]', ...lines] = gunzipSync(readFileSync(PATH)).toString().split('\n');
  const texts = JSON.parse(first) as string[];
  return lines.map((line) => {
    const stored = JSON.parse(line) as Stored;
    return { ...stored, dumps: stored.dumps.map(([command, text]) => [command, texts[text] ?? '']) };
  });
}
