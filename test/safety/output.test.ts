/**
 * Every place of every input where a stranger's text can stand, into every form of output: for a terminal it is letters, for a program
 * it is data. The same inputs with harmless texts say what the output's shape is.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ran, run } from '../cli/harness.ts';
import { type Form, READERS, type Read } from './forms.ts';
import { hostileFiles } from './hostile-bundle.ts';
import { fitting, NAMES, PAYLOADS, PLAIN, UNPRINTABLE } from './payloads.ts';

const COMMANDS: readonly (readonly [form: Form, words: string])[] = [
  ['text', 'analyze'],
  ['text', 'analyze -v'],
  ['json', 'analyze --format json'],
  ['markdown', 'analyze --format markdown'],
  ['html', 'analyze --format html'],
  ['junit', 'analyze --format junit'],
  ['sarif', 'analyze --format sarif'],
  ['github', 'analyze --format github'],
  ['text', 'why -v'],
  ['json', 'why --format json'],
  ['markdown', 'why --format markdown'],
  ['text', 'topology -v'],
  ['json', 'topology --format json'],
  ['svg', 'topology --format svg'],
  ['mermaid', 'topology --format mermaid'],
  ['dot', 'topology --format dot'],
  ['text', 'trace --from ant --to 198.51.100.7 -v'],
  ['json', 'trace --from ant --to 198.51.100.7 --format json'],
  ['jsonl', 'replay'],
  ['lines', 'replay --format counters'],
  ['text', 'show -v'],
  ['json', 'show --format json'],
  ['jsonl', 'show --format jsonl'],
  ['lines', 'show --format canonical'],
  ['lines', 'show --format count'],
  ['text', 'lint -v'],
  ['json', 'lint --format json'],
  ['junit', 'lint --format junit'],
  ['sarif', 'lint --format sarif'],
  ['github', 'lint --format github'],
];

const tags = new Map<string, string>();
const folders: string[] = [];

/** Places are told apart by what their texts begin with. */
function tagOf(place: string): string {
  const tag = tags.get(place) ?? `Q${String(tags.size + 1).padStart(3, '0')}Z`;
  tags.set(place, tag);
  return tag;
}

/** `token`: where a grammar takes less than any text, and for the names of files. */
function folderWith(payload: string, token = payload): string {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-safety-'));
  folders.push(folder);
  const files = hostileFiles(
    (place, kind) => tagOf(place) + fitting(kind === 'token' || kind === 'file' ? token : payload, kind),
  );
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

function ran(words: string, folder: string): Promise<Ran> {
  const [command = '', ...options] = words.split(' ');
  return run([command, folder, ...options]);
}

const tagsIn = (texts: readonly string[]) => [...new Set(texts.join(' ').match(/Q\d{3}Z/g))].toSorted();

function expectPrintable({ stdout, stderr }: Ran, form: Form): void {
  // Files of the kernel have tabs between words.
  expect(UNPRINTABLE.exec(form === 'lines' ? stdout.replaceAll('\t', ' ') : stdout)).toBeNull();
  expect(UNPRINTABLE.exec(stderr)).toBeNull();
  expect(`${stdout}\n${stderr}`).not.toMatch(
    /^(nettrace: error: forged|::error::forged|not ok 1 - forged|\+ 1)/m,
  );
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(PAYLOADS))('%s, as much as anybody likes', (_, payload) => {
  let folder: string;
  beforeAll(() => {
    folder = folderWith(payload);
  });

  it.each(COMMANDS)('%s: %s', async (form, words) => {
    const result = await ran(words, folder);
    expect(result.status).toBeLessThan(3);
    expectPrintable(result, form);
    // Of rules that are none any more there is nothing to say.
    if (result.stdout !== '') await READERS[form](result.stdout);
  });
});

describe('names that the kernel takes', () => {
  const plain = new Map<string, Read & Ran>();
  beforeAll(async () => {
    const folder = folderWith(PLAIN);
    for (const [form, words] of COMMANDS) {
      const result = await ran(words, folder);
      plain.set(words, { ...(await READERS[form](result.stdout)), ...result });
    }
  }, 60_000);

  describe.each(Object.entries(NAMES))('%s', (_, payload) => {
    let folder: string;
    beforeAll(() => {
      folder = folderWith(payload, PLAIN);
    });

    it.each(COMMANDS)('%s: %s', async (form, words) => {
      const result = await ran(words, folder);
      const before = plain.get(words);
      expectPrintable(result, form);
      const read = await READERS[form](result.stdout);
      expect(read.shape).toEqual(before?.shape);
      expect(result.status).toBe(before?.status);
      if (form !== 'text') expect(tagsIn(read.texts)).toEqual(tagsIn(before?.texts ?? []));
    });
  });
});
