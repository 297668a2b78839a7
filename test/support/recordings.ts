/** Recordings with dumps in one file: the texts that many of them share first, then a line each. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

interface WithDumps {
  readonly dumps: readonly (readonly [namespace: string, command: string, text: string])[];
}

type Stored<T> = Omit<T, 'dumps'> & {
  readonly dumps: readonly (readonly [namespace: string, command: string, text: number])[];
};

export function storeRecordings<T extends WithDumps>(file: URL, recordings: readonly T[]): void {
  const texts = new Map<string, number>();
  const indexOf = (text: string): number => {
    const known = texts.get(text) ?? texts.size;
    texts.set(text, known);
    return known;
  };
  const stored = recordings.map(
    (each): Stored<T> => ({
      ...each,
      dumps: each.dumps.map(([namespace, command, text]) => [namespace, command, indexOf(text)]),
    }),
  );
  const lines = [[...texts.keys()], ...stored].map((line) => JSON.stringify(line));
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, gzipSync(lines.join('\n'), { level: 9 }));
}

/** None where nothing was recorded. */
export function loadRecordings<T extends WithDumps>(file: URL): T[] {
  if (!existsSync(file)) return [];
  const [first = '[]', ...lines] = gunzipSync(readFileSync(file)).toString().split('\n');
  const texts = JSON.parse(first) as string[];
  return lines.map((line) => {
    const stored = JSON.parse(line) as Stored<T>;
    const dumps = stored.dumps.map(
      ([namespace, command, text]) => [namespace, command, texts[text] ?? ''] as const,
    );
    return { ...stored, dumps } as unknown as T;
  });
}
