import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { secondCache } from '../../src/capture/second-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'second-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['512K\n', 512 * 1024],
  ['2048K\n', 2048 * 1024],
  ['2M\n', 2 * 1024 * 1024],
  ['large\n', undefined],
  ['', undefined],
])('%j in sysfs is %s bytes', (text, bytes) => {
  const path = join(folder, 'size');
  writeFileSync(path, text);
  expect(secondCache(path)).toBe(bytes);
});

it('nothing in sysfs is not known', () => expect(secondCache(join(folder, 'none'))).toBeUndefined());
