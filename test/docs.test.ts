import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCase } from '../src/cases/file/read.ts';
import { CLAUSES } from '../src/cases/language/clauses.ts';
import { VERDICTS } from '../src/cases/language/outcome.ts';
import { STATUSES } from '../src/correlate/status.ts';
import { checksTable } from '../src/lint/table.ts';
import { catalogueTable } from '../src/report/catalogue.ts';
import { supportTables } from '../src/xtables/support.ts';
import { run } from './cli/harness.ts';

const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|json)$/.test(name))
    .map((name) => `docs/${name}`),
];

describe.each(pages)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('has no marks that a merge left', () => {
    expect(text).not.toMatch(/^(<{7}|={7}|>{7})( |$)/m);
  });

  it('links to files that are there', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(target))
        expect(existsSync(join(dirname(page), target)), `${page} links to ${target}`).toBe(true);
    }
  });
});

describe('README.md', () => {
  const text = readFileSync('README.md', 'utf8');

  it('shows what its example prints (node scripts/readme.mjs brings it up to date)', async () => {
    const [, words = '', shown] =
      /```console\n\$ node bin\/nettrace\.js ([^\n]*)\n([\s\S]*?)```/.exec(text) ?? [];
    const { stdout } = await run(words.split(' '));
    expect(shown).toBe(stdout);
  });

  it('has the support of every match and target (node scripts/tables.mjs brings it up to date)', () => {
    const [, shown] = /<!-- support -->\n([\s\S]*?)\n<!-- \/support -->/.exec(text) ?? [];
    expect(shown).toBe(supportTables());
  });

  it('has every cause of the catalogue (node scripts/tables.mjs brings it up to date)', () => {
    const [, shown] = /<!-- causes -->\n([\s\S]*?)\n<!-- \/causes -->/.exec(text) ?? [];
    expect(shown).toBe(catalogueTable());
  });

  it('names every command, and no other', async () => {
    const { stdout } = await run(['--help']);
    const known = [...stdout.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name]) => name);
    const named = [...text.matchAll(/^\| `nettrace (\w+)/gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual(known.toSorted());
  });
});

describe('docs/testing.md', () => {
  const text = readFileSync('docs/testing.md', 'utf8');

  it('has every key of a case, every verdict and every part of an expectation', () => {
    const schema = JSON.parse(readFileSync('schemas/expect.schema.json', 'utf8')) as { properties: object };
    const keys = Object.keys(schema.properties).filter((key) => key !== '$schema');
    for (const word of [...keys, ...VERDICTS, ...STATUSES]) expect(text).toContain(`\`${word}\``);
    for (const part of CLAUSES) expect(text).toMatch(new RegExp(`^\\| \`${part} `, 'm'));
  });

  it('has lines that can be read', () => {
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(readCase('expect.yaml', block).errors).toEqual([]);
  });
});

describe('docs/lint.md', () => {
  it('has every check (node scripts/tables.mjs brings it up to date)', () => {
    const text = readFileSync('docs/lint.md', 'utf8');
    const [, shown] = /<!-- lint -->\n([\s\S]*?)\n<!-- \/lint -->/.exec(text) ?? [];
    expect(shown).toBe(checksTable());
  });
});

describe('docs/architecture.md', () => {
  it('has a section for every folder of src', () => {
    const text = readFileSync('docs/architecture.md', 'utf8');
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect([...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name).toSorted()).toEqual(
      folders.map(({ name }) => name).toSorted(),
    );
  });
});
