/** Recordings in one file a table: the texts that many of them share first, then a line each. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Recording } from './recording.ts';

type Stored = Omit<Recording, 'dumps'> & {
  readonly dumps: readonly (readonly [namespace: string, command: string, text: number])[];
};

const pathOf = (table: string): URL => new URL(`./recorded/${table}.jsonl.gz`, import.meta.url);

export function writeRecordings(table: string, recordings: readonly Recording[]): void {
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
  writeFileSync(pathOf(table), gzipSync(lines.join('\n'), { level: 9 }));
}

export function readRecordings(table: string): Recording[] {
  if (!existsSync(pathOf(table))) return [];
  const [first = '[]', ...lines] = gunzipSync(readFileSync(pathOf(table)))
    .toString()
    .split('\n');
  const texts = JSON.parse(first) as string[];
  return lines.map((line) => {
    const stored = JSON.parse(line) as Stored;
    return {
      ...stored,
      dumps: stored.dumps.map(([namespace, command, text]) => [namespace, command, texts[text] ?? '']),
    };
  });
}
