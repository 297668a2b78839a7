import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/compiled.ts', 'test/support/run-folder.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    // What a worker has loaded and compiled serves all of its files: nothing in src is remembered from one call to the next.
    isolate: false,
    // Tests on the kernel wait more than they compute: there is one more than processors.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Most of what a test makes is garbage soon: with room for it, a fifth of the time of some goes to collecting it no longer.
    execArgv: ['--max-semi-space-size=64'],
    sequence: { sequencer: LongestFirst },
    reporters: ['default'],
  },
});
