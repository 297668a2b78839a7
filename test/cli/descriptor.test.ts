import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descriptorStream } from '../../src/cli/descriptor.ts';
import type { Stream } from '../../src/cli/io.ts';

const LAUNCHER = resolve('bin/nettrace.js');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-descriptor-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fail = (error: Error) => {
  throw error;
};
const none = (): Stream => {
  throw new Error('not asked for');
};

describe.runIf(process.platform === 'linux')('descriptorStream', () => {
  it('writes text and bytes to a file, in their order', () => {
    const path = join(folder, 'file');
    const descriptor = openSync(path, 'w');
    const stream = descriptorStream(descriptor, fail, none);
    stream?.write('ä€');
    stream?.write(new Uint8Array([10]));
    stream?.write('');
    closeSync(descriptor);
    expect(readFileSync(path, 'utf8')).toBe('ä€\n');
    expect([stream?.isTTY, stream?.writableLength]).toEqual([false, 0]);
  });

  it('leaves to Node what a pipe that does not block has no room for', () => {
    const path = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const given: Uint8Array[] = [];
    const waiting: Stream = {
      writableLength: 5,
      write: (data) => {
        given.push(typeof data === 'string' ? Buffer.from(data) : data);
        return false;
      },
    };
    const stream = descriptorStream(writer, fail, () => waiting);
    const bytes = Buffer.from(Array.from({ length: 1 << 18 }, (_, at) => (at * 7) & 255));
    expect(stream?.write(bytes)).toBe(false);
    expect(stream?.write('end')).toBe(false);
    expect(stream?.writableLength).toBe(5);
    const taken = Buffer.alloc(bytes.length);
    const length = readSync(reader, taken);
    expect(length).toBeGreaterThan(0);
    const all = Buffer.concat([taken.subarray(0, length), ...given]);
    expect(all.equals(Buffer.concat([bytes, Buffer.from('end')]))).toBe(true);
    closeSync(reader);
    const errors: unknown[] = [];
    descriptorStream(writer, (error) => errors.push(error), none)?.write('x');
    expect(errors).toMatchObject([{ code: 'EPIPE' }]);
    closeSync(writer);
  });

  it('is not for terminals', () => {
    const descriptor = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    expect(descriptorStream(descriptor, fail, none)).toBeUndefined();
    closeSync(descriptor);
  });

  it('a full disk ends the program with a message', () => {
    writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n');
    const full = openSync('/dev/full', 'w');
    for (const words of [['--help'], ['show', join(folder, 'hosts')]]) {
      const { status, stderr } = spawnSync(process.execPath, [LAUNCHER, ...words], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([
        2,
        "nettrace: error: can't write standard output: ENOSPC: no space left on device\n",
      ]);
    }
    closeSync(full);
  });
});
