import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzeFiles, differences, readExpectation } from '../support/expectation.ts';

/** Recorded incidents with their truth: those of this repository, and where it is there a collection beside it. */
const COLLECTIONS = [
  { root: 'captures', truth: 'expect.json' },
  { root: '../shared/scenarios', truth: 'expected.json' },
].filter(({ root }) => existsSync(root));

/** The largest recording takes seconds, and on a machine that does other things as well a minute. */
const PATIENCE = 300_000;

describe.each(COLLECTIONS)('incidents of $root', ({ root, truth }) => {
  const names = readdirSync(root).filter((name) => existsSync(join(root, name, truth)));
  it.each(names)(
    '%s',
    async (name) => {
      const analysis = await analyzeFiles(join(root, name, 'bundle'));
      expect(differences(analysis, readExpectation(join(root, name, truth))).join('\n')).toBe('');
    },
    PATIENCE,
  );
});
