import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printDump } from '../../src/dump/print.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { analyzeFiles, differences, readExpectation } from '../support/expectation.ts';

/** The text a command prints says the same as its JSON: a bundle with every JSON dump turned into text gives the same answers. */
const COLLECTIONS = [
  { root: 'captures', truth: 'expect.json' },
  { root: '../shared/scenarios', truth: 'expected.json' },
].filter(({ root }) => existsSync(root));

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-form-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Replaces NAME.json by NAME.txt below `namespaces/`; how many. */
function turnIntoText(bundle: string): number {
  const root = join(bundle, 'namespaces');
  if (!existsSync(root)) return 0;
  let turned = 0;
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = join(root, file);
    if (!file.endsWith('.json') || !statSync(path).isFile()) continue;
    const dump = recogniseDump(path, readFileSync(path, 'utf8'));
    const text = dump && printDump(dump.content);
    if (text === undefined) continue;
    rmSync(path);
    writeFileSync(path.replace(/json$/, 'txt'), text);
    turned++;
  }
  return turned;
}

/** One that takes seconds is analysed once, by scenarios.test.ts. */
function isLarge(bundle: string): boolean {
  const files = readdirSync(bundle, { recursive: true, encoding: 'utf8' });
  return files.some((file) => statSync(join(bundle, file)).size > LARGE);
}

const LARGE = 200_000;

describe.each(COLLECTIONS)('with text in place of JSON, incidents of $root', ({ root, truth }) => {
  const names = readdirSync(root).filter(
    (name) => existsSync(join(root, name, truth)) && !isLarge(join(root, name, 'bundle')),
  );
  it.each(names)('%s', async (name) => {
    const copy = join(scratch, name);
    cpSync(join(root, name, 'bundle'), copy, { recursive: true });
    turnIntoText(copy);
    const analysis = await analyzeFiles(copy);
    expect(differences(analysis, readExpectation(join(root, name, truth))).join('\n')).toBe('');
  });
});
