/** A firewall's own captures, without those of the ends: what comes in again and again and leads to nothing is no healthy flow. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from '../cli/harness.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-one-sided-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('SYN-ACKs that are sent again and again, with nothing of the client, are no delivered connection', async () => {
  const bundle = join(folder, 'firewall');
  cpSync('captures/only-the-answers-pass-here/bundle', bundle, { recursive: true });
  for (const part of ['captures/clinic', 'namespaces/clinic', 'namespaces/archive'])
    rmSync(join(bundle, part), { recursive: true });
  const { stdout } = await run(['analyze', bundle, '--format', 'json', '-q']);
  const { flows, findings } = JSON.parse(stdout) as Analysis;
  const knocks = flows.filter(({ protocol }) => protocol === 'tcp');
  // Of a SYN that went around it, the firewall has no connection: what is left to see is why its answer ends there.
  expect(knocks.map(({ status }) => status)).toEqual(['dropped']);
  expect(findings[0]).toMatchObject({ cause: 'ct-invalid-drop', namespace: 'host' });
  expect(findings[0]?.confidence).toBeGreaterThanOrEqual(0.6);
});
