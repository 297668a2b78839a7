/**
 * A real Docker engine, broken in many ways: what nettrace makes of the captures and dumps, and whether the traffic flows after the
 * commands that it suggests. The kernel judges the fix.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases } from './cases.mjs';

interface Result {
  readonly name: string;
  readonly causes: readonly string[];
  readonly startsBroken: boolean;
  readonly workedBefore: boolean;
  readonly worksBroken: boolean;
  readonly found: readonly { cause: string; severity: string; confidence: number; title: string }[];
  readonly applied: readonly string[];
  /** The fix is no command: the case's own was run. */
  readonly byHand: boolean;
  readonly repairStatus: number;
  readonly repairOutput: string;
  readonly worksAfter: boolean;
  readonly error?: string;
}

const TOOLS = [
  'dockerd',
  'docker',
  'unshare',
  'nsenter',
  'ip',
  'iptables',
  'tcpdump',
  'conntrack',
  'busybox',
  'python3',
];
const possible =
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);

describe.skipIf(!possible)('on a real Docker engine (needs root and docker.io)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-live-'));
  let results: readonly Result[] = [];
  let log = '';

  beforeAll(async () => {
    const child = spawn(process.execPath, ['test/live/play.mjs', folder]);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    await new Promise((done) => child.on('close', done));
    const path = join(folder, 'results.json');
    if (existsSync(path)) results = JSON.parse(readFileSync(path, 'utf8')) as Result[];
  }, 12 * 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(cases.map(({ name }) => name))('%s', (name) => {
    const result = results.find((each) => each.name === name);
    expect(result, `was not played:\n${log}`).toBeDefined();
    if (!result) return;
    const { causes, found, applied, error } = result;
    expect(error).toBeUndefined();
    expect([result.workedBefore, result.worksBroken], 'works before, and not when broken').toEqual([
      !result.startsBroken,
      false,
    ]);
    expect(causes, JSON.stringify(found)).toContain(found[0]?.cause);
    expect(found[0]?.confidence).toBeGreaterThanOrEqual(0.6);
    expect(applied.length > 0 || result.byHand, 'there is a fix to run').toBe(true);
    expect(result.repairStatus, `${applied.join('\n')}\n${result.repairOutput}`).toBe(0);
    expect(result.worksAfter, `works after\n${applied.join('\n')}`).toBe(true);
  });
});
