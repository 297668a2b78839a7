/** Pages of the library's types, as `npm run docs` makes them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as library from '../../src/index.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('npm run docs', () => {
  it('makes a page for each public name, without a warning', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { docs: string } };
    const [program = '', ...words] = scripts.docs.split(' ');
    expect(program).toBe('node');
    const { status, stdout, stderr } = spawnSync(process.execPath, [...words, folder], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).not.toMatch(/warning|error/i);
    expect(status).toBe(0);
    for (const name of Object.keys(library)) {
      const kind = /^[A-Z]/.test(name) ? 'classes' : 'functions';
      expect(readFileSync(join(folder, `${kind}/index.${name}.html`), 'utf8')).toContain(name);
    }
  }, 120_000);
});
