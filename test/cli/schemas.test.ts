/** Every machine-readable output is valid against the schema that ships with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseProbe } from '../../src/cli/actions/trace/probe-spec.ts';
import { traceReport } from '../../src/cli/actions/trace.ts';
import { loadScene } from '../../src/cli/scene.ts';
import { jsonText } from '../../src/report/json.ts';
import { ajv, expectValid } from '../support/schemas.ts';
import { remembering, run } from './harness.ts';

const COMMON = { format: 'json', color: 'never' } as const;

function bundlesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => `${folder}/${name}/bundle`)
    .filter((path) => existsSync(path));
}

const bundles = [...bundlesIn('captures'), ...bundlesIn('../shared/scenarios')];

describe.each(bundles)('%s', (bundle) => {
  // Analyses of them: test/report/incidents.test.ts.
  it('show --format json', async () => {
    const { status, stdout, stderr } = await run(['show', bundle, '--format', 'json']);
    expect(status, stderr).toBeLessThan(2);
    expectValid('show', JSON.parse(stdout));
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

  it('topology and trace --format json', async () => {
    const drawn = await run(['topology', bundle, '--format', 'json']);
    expect(drawn.status, drawn.stderr).toBeLessThan(2);
    const topology = JSON.parse(drawn.stdout) as { namespaces: { name: string }[] };
    expectValid('topology', topology);

    const probes = topology.namespaces.flatMap(({ name: from }) =>
      ['8.8.8.8', '2001:db8::53'].map((to) => ({ from, to })),
    );
    const [first] = probes as [(typeof probes)[0]];
    const words = ['--from', first.from, '--to', first.to, '--format', 'json'];
    const { status, stdout } = await run(['trace', bundle, ...words]);
    expect(status).toBeLessThan(2);
    expectValid('trace', JSON.parse(stdout));
    // What is read for one serves all others.
    const scene = await loadScene([bundle], COMMON, remembering().io);
    if (!scene) throw new Error('nothing was read');
    for (const probe of probes) {
      const report = traceReport(scene, parseProbe({ ...COMMON, ...probe }), probe);
      expectValid('trace', JSON.parse(jsonText(report)));
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
