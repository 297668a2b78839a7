/** What only a process of its own shows: the launcher, exit statuses, pipes that close early. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, makeLab, pingCapture } from './lab.ts';

const LAUNCHER = resolve('bin/nettrace.js');
let lab: Lab;
beforeAll(() => {
  lab = makeLab();
});
afterAll(() => rmSync(lab.folder, { recursive: true }));

describe('the program', () => {
  it('runs from any directory, reads standard input, and ends with its status', () => {
    const capture = pingCapture([{ from: '192.0.2.1', to: '192.0.2.10', type: 8, id: 5, at: 1 }]);
    const options = { cwd: lab.folder, input: capture, encoding: 'utf8' as const };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [LAUNCHER, 'show', '--format', 'jsonl', '-'],
      options,
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ file: '-', number: 1, source: '192.0.2.1' });
    const failed = spawnSync(process.execPath, [LAUNCHER, 'analyze', 'bundle', '-q'], {
      cwd: lab.folder,
      encoding: 'utf8',
    });
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('net.ipv4.ip_forward is 0');
  });

  it.each([
    [['analyze', 'bundle', '--what-if', 'frobnicate 1'], '--what-if: `frobnicate 1`'],
    [['analyze', 'bundle', '--threads', '0'], '--threads 0: a number from 1 to 64 is expected'],
    [['analyze', 'bundle', '--max-memory', '12'], '--max-memory 12: a size of at least 256M is expected'],
    [['trace', 'bundle', '--from', 'nowhere', '--to', '192.0.2.1'], '--from: there is no namespace nowhere'],
    [['explain', 'no-such-cause'], 'no-such-cause: no cause of the catalogue is called so'],
    [['show', '--format', 'count', 'bundle/namespaces'], 'there is no capture among the inputs'],
  ])('says what is wrong with %j, and ends with 2', (words, text) => {
    const options = { cwd: lab.folder, encoding: 'utf8' as const };
    const { status, stderr } = spawnSync(process.execPath, [LAUNCHER, ...words], options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`nettrace: error: ${text}`)]);
  });

  it('ends quietly and soon when its reader closes the pipe', async () => {
    const many = Array.from({ length: 60_000 }, (_, index) => ({
      from: '192.0.2.1',
      to: '192.0.2.10',
      type: 8 as const,
      id: index & 0xffff,
      at: index / 1000,
    }));
    lab.file('many.pcap', pingCapture(many));
    const child = spawn(process.execPath, [LAUNCHER, 'show', join(lab.folder, 'many.pcap')]);
    let errors = '';
    child.stderr.on('data', (data) => {
      errors += String(data);
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child, 'exit');
    expect(errors).toBe('');
  });
});
