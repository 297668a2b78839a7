/** Several programs on the same work, in turn, so that what else the machine does meets all of them alike. */
import { closeSync, openSync, readSync } from 'node:fs';
import { runOnce } from './process.mjs';

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {readonly string[]} command
 * @property {number} [runs] of very slow ones fewer than of the others
 * @property {readonly number[]} [accept]
 * @property {number} [limit] seconds
 * @property {() => void} [before] before each run, not measured
 *
 * @typedef {{ cpu: number, wall: number, memory: number, runs: number }} Cost medians: seconds, seconds, bytes
 */

/**
 * @param {readonly Program[]} programs
 * @param {{ runs: number, home: string, warm?: readonly string[] }} options `warm`: files, read once before
 * @returns {Promise<Map<string, Cost>>}
 */
export async function race(programs, { runs, home, warm = [] }) {
  for (const file of warm) readThrough(file);
  const costs = new Map(programs.map(({ name }) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const program of programs) {
      if (round >= (program.runs ?? runs)) continue;
      program.before?.();
      costs
        .get(program.name)
        .push(await runOnce(program.command, { home, accept: program.accept, limit: program.limit }));
    }
  }
  return new Map(
    [...costs].map(([name, all]) => [
      name,
      {
        cpu: median(all.map(({ cpu }) => cpu)),
        wall: median(all.map(({ wall }) => wall)),
        memory: median(all.map(({ memory }) => memory)),
        runs: all.length,
      },
    ]),
  );
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

/** From the disk into the page cache. */
function readThrough(file) {
  const block = new Uint8Array(1 << 22);
  const descriptor = openSync(file, 'r');
  while (readSync(descriptor, block, 0, block.length, null) > 0);
  closeSync(descriptor);
}
