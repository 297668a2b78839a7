/** Threads that run out of memory, throw, or end: what they were asked for is made without them, or said, and the next is made again. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCaptures } from '../../src/correlate/sieve/readers.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { createAnalyst } from '../../src/live/analyst.ts';
import { BUNDLE, CAPTURE, scratch } from './program.ts';

let place: ReturnType<typeof scratch>;
beforeAll(() => {
  place = scratch();
});
afterAll(() => place.remove());

/** The files of a bundle, as the thread has them for its own. */
const bundle = () =>
  readdirSync(BUNDLE, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(BUNDLE, name)).isFile())
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(join(BUNDLE, name))) }));

describe('the thread of the live analysis', () => {
  it.each([
    ['runs out of memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(all));', /memory/],
    ['throws', "throw new Error('a defect')", /a defect/],
    ['ends', 'process.exit()', /the thread of the analysis ended/],
  ])(
    'that %s is told of, and the next analysis is made by another one',
    { timeout: 120_000 },
    async (name, dies, reason) => {
      const flag = join(place.folder, `${name}.flag`);
      const program = join(place.folder, `${name}.cjs`);
      writeFileSync(
        program,
        `const { existsSync, writeFileSync } = require('node:fs');
       if (existsSync(${JSON.stringify(flag)})) require(${JSON.stringify(resolve('dist/analysis-worker.cjs'))});
       else require('node:worker_threads').parentPort.on('message', () => { writeFileSync(${JSON.stringify(flag)}, ''); ${dies} });`,
      );
      const analyst = createAnalyst({}, program);
      try {
        await expect(analyst.analyse(bundle())).rejects.toThrow(reason);
        const { findings } = await analyst.analyse(bundle());
        expect(findings.map(({ cause }) => cause)).toContain('fwd-ip-forward-off-dnat');
      } finally {
        analyst.end();
      }
    },
  );
});

describe('threads that read captures', () => {
  it.each([
    ['can’t begin', undefined],
    ['end with a capture that they have taken', 'process.exit()'],
    ['throw with it', "throw new Error('a defect')"],
  ])('and %s leave nothing out', { timeout: 120_000 }, async (name, dies) => {
    const once = readFileSync(CAPTURE);
    // Each is worth a thread.
    const records = Array.from({ length: Math.ceil((17 << 20) / once.length) }, () => once.subarray(24));
    const paths = ['a.pcap', 'b.pcap', 'c.pcap'].map((file) => join(place.folder, file));
    for (const path of paths) writeFileSync(path, Buffer.concat([once, ...records]));
    const program = join(place.folder, `${name}.cjs`);
    const takes = `const { workerData, parentPort, resourceLimits } = require('node:worker_threads');
      if (Atomics.add(workerData.taken, 0, 1) < workerData.tasks.length) { ${dies} } else parentPort.postMessage('read');`;
    if (dies !== undefined) writeFileSync(program, takes);
    const { captures } = await resolveInputs(paths);
    const readings = await readCaptures(captures, {
      threads: 3,
      // Of no Worker's form.
      program: dies === undefined ? 'none.cjs' : program,
    });
    const packets = (records.length + 1) * 14;
    expect(readings.map(({ summary }) => summary.packets)).toEqual([packets, packets, packets]);
  });
});
