import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceStack } from '../../src/cli/source-stack.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-stack-'));
  writeFileSync(
    join(folder, 'deep.ts'),
    'export function deep(): never {\n\n  throw new Error("here");\n}\ndeep();\n',
  );
  buildSync({
    absWorkingDir: folder,
    entryPoints: ['deep.ts'],
    outfile: 'deep.cjs',
    minify: true,
    bundle: true,
    format: 'cjs',
    sourcemap: 'external',
  });
  writeFileSync(join(folder, 'broken.cjs.map'), '{"version":');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('sourceStack', () => {
  it('names the places of the sources', async () => {
    const error = await import(join(folder, 'deep.cjs')).then(
      () => undefined,
      (caught: Error) => caught,
    );
    const stack = sourceStack(String(error?.stack).replaceAll('file://', ''));
    expect(stack).toMatch(/\(?deep\.ts:3:9\)?\n/);
    expect(stack).not.toContain('deep.cjs');
  });

  it.each(['broken.cjs', 'absent.cjs'])('leaves the places of %s as they are', (name) => {
    const stack = `Error: x\n    at f (${join(folder, name)}:1:2)`;
    expect(sourceStack(stack)).toBe(stack);
  });
});
