/** Every machine-readable output is valid against the schema that ships with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ajv, expectValid } from '../support/schemas.ts';
import { run } from './harness.ts';

function bundlesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => `${folder}/${name}/bundle`)
    .filter((path) => existsSync(path));
}

const bundles = [...bundlesIn('captures'), ...bundlesIn('../shared/scenarios')];

describe.each(bundles)('%s', (bundle) => {
  // Analyses of them: test/report/incidents.test.ts.
  it.each(['topology', 'show'])('%s --format json', async (command) => {
    const { status, stdout, stderr } = await run([command, bundle, '--format', 'json']);
    expect(status, stderr).toBeLessThan(2);
    expectValid(command, JSON.parse(stdout));
  });

  it('show --format jsonl', async () => {
    const { stdout } = await run(['show', bundle, '--format', 'jsonl']);
    for (const line of stdout.trimEnd().split('\n')) expectValid('packet-line', JSON.parse(line));
  });

  it('show, and show --format canonical', async () => {
    for (const format of ['text', 'canonical']) {
      const { status, stdout } = await run(['show', bundle, '--format', format]);
      expect(status).toBeLessThan(2);
      expect(stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]|undefined|\[object|NaN/);
    }
  });

  it('replay', async () => {
    const { stdout } = await run(['replay', bundle, '--respond']);
    for (const line of stdout.trimEnd().split('\n')) expectValid('replay-line', JSON.parse(line));
  });

  it('trace --format json', async () => {
    const { stdout: drawn } = await run(['topology', bundle, '--format', 'json', '-q']);
    const { namespaces } = JSON.parse(drawn) as { namespaces: { name: string }[] };
    for (const { name } of namespaces) {
      for (const to of ['8.8.8.8', '2001:db8::53']) {
        const { status, stdout } = await run([
          'trace',
          bundle,
          '--from',
          name,
          '--to',
          to,
          '--format',
          'json',
        ]);
        expect(status).toBeLessThan(2);
        expectValid('trace', JSON.parse(stdout));
      }
    }
  });
});

it('explain --format json', async () => {
  const { stdout } = await run(['explain', '--format', 'json']);
  expectValid('causes', JSON.parse(stdout));
});

describe('the schemas', () => {
  it('cover every bundle’s manifest', () => {
    for (const bundle of bundles) {
      const path = `${bundle}/manifest.json`;
      if (existsSync(path)) expectValid('manifest', JSON.parse(readFileSync(path, 'utf8')));
    }
    expect(bundles.length).toBeGreaterThan(0);
  });

  it.each([
    ['analysis', { schema: 'nettrace-analysis/2' }],
    ['replay-line', { packet: { file: 'a', number: 0, time: 1 }, hops: [], verdict: 'eaten', final: {} }],
    ['packet-line', { file: 'a', number: 1, time: 1.5, length: 60, captured: 60, linkType: 1, summary: '' }],
    ['topology', { schema: 'nettrace-topology/1', namespaces: [{}], captures: [], missing: [] }],
    ['trace', {}],
    ['show', { schema: 'nettrace-show/1', inputs: [{ path: 'a' }], warnings: [] }],
    ['causes', { schema: 'nettrace-causes/1', causes: [{ id: 'Not an id' }] }],
  ])('refuse what is no %s', (schema, data) => {
    const validate = ajv.getSchema(`https://nettrace.invalid/schemas/${schema}.schema.json`);
    expect(validate?.(data)).toBe(false);
  });
});
