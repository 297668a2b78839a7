import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles, confidentErrors, readExpectation } from '../support/expectation.ts';

/**
 * People rarely have everything. With any one dump missing, and with the captures alone, the answer may be less certain; it
 * must never be wrong with confidence.
 */
const COLLECTIONS = [
  { root: 'captures', truth: 'expect.json' },
  { root: '../shared/scenarios', truth: 'expected.json' },
].filter(({ root }) => existsSync(root));

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-partial-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(root, file)).isFile(),
  );
}

function copyWithout(bundle: string, name: string, isLeftOut: (file: string) => boolean): string {
  const copy = join(scratch, name);
  rmSync(copy, { recursive: true, force: true });
  cpSync(bundle, copy, { recursive: true, filter: (file) => !isLeftOut(relative(bundle, file)) });
  return copy;
}

/** One that takes seconds is analysed once, by scenarios.test.ts. */
function isLarge(bundle: string): boolean {
  const files = readdirSync(bundle, { recursive: true, encoding: 'utf8' });
  return files.some((file) => statSync(join(bundle, file)).size > LARGE);
}

const LARGE = 200_000;

describe.each(COLLECTIONS)('with dumps missing, incidents of $root', ({ root, truth }) => {
  const names = readdirSync(root).filter(
    (name) => existsSync(join(root, name, truth)) && !isLarge(join(root, name, 'bundle')),
  );

  it.each(names)('%s: one at a time', async (name) => {
    const bundle = join(root, name, 'bundle');
    const expectation = readExpectation(join(root, name, truth));
    const wrong: string[] = [];
    // Where nothing is wrong, it is the host's dumps whose lack could make it look so.
    const healthy = expectation.flows.every(({ cause }) => cause === null);
    const dumps = healthy
      ? /^(?:[^/]+\/)?(namespaces\/host|docker)/
      : /^(?:[^/]+\/)?(namespaces|docker|processes)/;
    for (const file of filesBelow(bundle).filter((path) => dumps.test(path))) {
      const analysis = await analyzeFiles(copyWithout(bundle, name, (path) => path === file));
      wrong.push(...confidentErrors(analysis, expectation).map((text) => `without ${file}: ${text}`));
    }
    expect(wrong.join('\n')).toBe('');
  });

  it.each(names)('%s: one capture fewer', async (name) => {
    const bundle = join(root, name, 'bundle');
    const expectation = readExpectation(join(root, name, truth));
    const wrong: string[] = [];
    for (const file of filesBelow(bundle).filter((path) => /^(?:[^/]+\/)?captures\//.test(path))) {
      const analysis = await analyzeFiles(copyWithout(bundle, name, (path) => path === file));
      wrong.push(...confidentErrors(analysis, expectation).map((text) => `without ${file}: ${text}`));
    }
    expect(wrong.join('\n')).toBe('');
  });

  it.each(names)('%s: captures alone', async (name) => {
    const bundle = join(root, name, 'bundle');
    const analysis = await analyzeFiles(
      copyWithout(bundle, name, (path) => /^(?:[^/]+\/)?(namespaces|docker|processes|manifest)/.test(path)),
    );
    expect(confidentErrors(analysis, readExpectation(join(root, name, truth))).join('\n')).toBe('');
  });

  // Several hosts have interfaces of one name: without their folders nothing tells them apart.
  const ofOneHost = names.filter((name) => existsSync(join(root, name, 'bundle', 'captures')));
  it.each(ofOneHost)('%s: captures as loose files, named by interface', async (name) => {
    const captures = join(root, name, 'bundle', 'captures');
    const analysis = await analyzeFiles(...filesBelow(captures).map((file) => join(captures, file)));
    expect(confidentErrors(analysis, readExpectation(join(root, name, truth))).join('\n')).toBe('');
  });
});
