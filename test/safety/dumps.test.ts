/** Every word of every form of dump, some of them at a time, with a stranger's text behind it: what is shown of it is letters. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../cli/harness.ts';
import { DUMPS } from '../fuzz/dumps.ts';
import { UNPRINTABLE } from './payloads.ts';

const EVIL = '\x1b[2J\x9b1m\u202e\u200b\x7f';
/** Every word is one of the altered ones once. */
const PHASES = 7;
const LONGEST = 20_000;

const RECORDED = 'test/dump/recorded';
const dumps: readonly (readonly [name: string, text: string])[] = [
  ...readdirSync(RECORDED)
    .map((name) => [name, readFileSync(join(RECORDED, name), 'utf8')] as const)
    .filter(([, text]) => text.length < LONGEST),
  ...DUMPS.map((text, index) => [`sample ${index + 1}: ${text.slice(0, 30)}`, text] as const),
];

const folder = mkdtempSync(join(tmpdir(), 'nettrace-safety-'));
afterAll(() => rmSync(folder, { recursive: true }));

function altered(text: string, phase: number): string {
  let index = 0;
  const next = () => index++ % PHASES === phase;
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
        typeof value === 'string' && next() ? `${value}${EVIL}` : value,
      );
    } catch {
      // Several documents, or a kernel's log.
    }
  }
  return text.replaceAll(/[^\s"'{}[\](),;=]+/g, (word) => (next() ? `${word}${EVIL}` : word));
}

describe.each(dumps)('%s', (_, text) => {
  it.each(['text', 'json', 'canonical'])('as %s', async (format) => {
    for (let phase = 0; phase < PHASES; phase++) {
      const file = join(folder, 'dump.txt');
      writeFileSync(file, altered(text, phase));
      const { stdout, stderr, status } = await run(['show', '-v', file, '--format', format]);
      expect(status).toBeLessThan(3);
      expect(UNPRINTABLE.exec(stdout.replaceAll('\t', ' '))).toBeNull();
      expect(UNPRINTABLE.exec(stderr)).toBeNull();
      if (format === 'json' && stdout !== '') JSON.parse(stdout);
    }
  });
});
