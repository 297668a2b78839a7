/** Each claim of docs/threat-model.md has a test, which is there and has tests in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/threat-model.md', 'utf8');
const holds = page.slice(page.indexOf('## What holds'), page.indexOf("## What doesn't"));
const claims = [...holds.matchAll(/^\| (?!claim|---)(.+?) \| (.+) \|$/gm)].map(
  ([, claim = '', where = '']) => [claim, where] as const,
);

describe('claims', () => {
  it('are told for each who is named', () => {
    expect(claims.length).toBeGreaterThan(20);
  });

  it.each(claims)('%s', (_, where) => {
    const tests = [...where.matchAll(/\]\((\.\.\/test\/[^)]+)\)/g)].map(([, path = '']) =>
      join('docs', path),
    );
    expect(tests.length).toBeGreaterThan(0);
    for (const path of tests)
      expect(readFileSync(path, 'utf8'), path).toMatch(/^\s*(it|it\.each|it\.skipIf)\(/m);
  });
});
