import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BundleFile, filesBelow, readBundle } from '../support/bundle-files.ts';
import { analyzeFiles, analyzeInMemory, confidentErrors, readExpectation } from '../support/expectation.ts';

/**
 * People rarely have everything. With any one dump missing, and with the captures alone, the answer may be less certain; it
 * must never be wrong with confidence.
 */
const COLLECTIONS = [
  { root: 'captures', truth: 'expect.json' },
  { root: '../shared/scenarios', truth: 'expected.json' },
].filter(({ root }) => existsSync(root));

/** What is left out is left out in memory. */
function analyzeWithout(name: string, files: readonly BundleFile[], isLeftOut: (file: string) => boolean) {
  return analyzeInMemory(
    name,
    files.filter((file) => !isLeftOut(file.name)),
  );
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
    const files = readBundle(join(root, name, 'bundle'));
    const expectation = readExpectation(join(root, name, truth));
    const wrong: string[] = [];
    // Where nothing is wrong, it is the host's dumps whose lack could make it look so.
    const healthy = expectation.flows.every(({ cause }) => cause === null);
    const dumps = healthy
      ? /^(?:[^/]+\/)?(namespaces\/host|docker)/
      : /^(?:[^/]+\/)?(namespaces|docker|processes)/;
    for (const { name: file } of files.filter((each) => dumps.test(each.name))) {
      const analysis = await analyzeWithout(name, files, (path) => path === file);
      wrong.push(...confidentErrors(analysis, expectation).map((text) => `without ${file}: ${text}`));
    }
    expect(wrong.join('\n')).toBe('');
  });

  it.each(names)('%s: one capture fewer', async (name) => {
    const files = readBundle(join(root, name, 'bundle'));
    const expectation = readExpectation(join(root, name, truth));
    const wrong: string[] = [];
    for (const { name: file } of files.filter((each) => /^(?:[^/]+\/)?captures\//.test(each.name))) {
      const analysis = await analyzeWithout(name, files, (path) => path === file);
      wrong.push(...confidentErrors(analysis, expectation).map((text) => `without ${file}: ${text}`));
    }
    expect(wrong.join('\n')).toBe('');
  });

  it.each(names)('%s: captures alone', async (name) => {
    const analysis = await analyzeWithout(name, readBundle(join(root, name, 'bundle')), (path) =>
      /^(?:[^/]+\/)?(namespaces|docker|processes|manifest)/.test(path),
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
