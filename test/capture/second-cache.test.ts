import { readFileSync } from 'node:fs';
import { beforeEach, expect, it, vi } from 'vitest';

let text: string | undefined;
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  readFileSync: vi.fn(() => {
    if (text === undefined) throw new Error('ENOENT');
    return text;
  }),
}));

beforeEach(() => vi.resetModules());

it.each([
  ['512K\n', 512 * 1024],
  ['2048K\n', 2048 * 1024],
  ['2M\n', 2 * 1024 * 1024],
  ['large\n', undefined],
  ['', undefined],
  [undefined, undefined],
])('%j in sysfs is %s bytes', async (there, bytes) => {
  text = there;
  const { secondCache } = await import('../../src/capture/second-cache.ts');
  expect(secondCache()).toBe(bytes);
  expect(secondCache()).toBe(bytes);
  expect(vi.mocked(readFileSync).mock.lastCall?.[0]).toBe('/sys/devices/system/cpu/cpu0/cache/index2/size');
});
