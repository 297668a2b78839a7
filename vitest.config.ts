import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/kernel-module.ts',
    testTimeout: 60_000,
    pool: 'forks',
    // Tests on the kernel wait more than they compute: two at a time also where there are two processors.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default'],
  },
});
