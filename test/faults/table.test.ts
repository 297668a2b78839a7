/** The table of faults in docs/reliability.md names a test for each. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const rows = (
  /\n## Faults\n([\s\S]*?)\n(?=## |$)/.exec(readFileSync('docs/reliability.md', 'utf8'))?.[1] ?? ''
)
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));

it('names for each fault a test that is there', () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const [, fault, promise, test = ''] of rows) {
    expect(fault).not.toBe('');
    expect(promise).not.toBe('');
    const named = [...test.matchAll(/`(test\/[\w/.-]+\.ts)`: ([^;]+)/g)];
    expect(named, fault).not.toEqual([]);
    for (const [, path = '', title = ''] of named) expect(readFileSync(path, 'utf8')).toContain(title.trim());
  }
});

it('has all tests of faults', () => {
  const table = rows.map((cells) => cells.at(-2)).join();
  const files = readdirSync('test/faults').filter((name) => /\.test\.ts$/.test(name));
  for (const name of files) if (name !== 'table.test.ts') expect(table).toContain(name);
});
