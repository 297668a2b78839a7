// npm run fuzz -- TARGET [--time 1h] [--seed N] [--input FILE] | all [--time 10m] | --list
// Fuzzes readers, guided by the coverage of their sources: docs/reliability.md. Exit status 0: nothing found; 1: defects found;
// 2: not a command that it knows.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(root, 'dist/fuzz');
/** An input that takes longer is a hang: what is not counted in steps, as a regular expression. */
const HANG_MS = 20_000;
const MOST_BYTES = 1 << 20;
const USAGE = `usage: npm run fuzz -- TARGET|all [--time 30s|10m|1h] [--seed N] [--input FILE]
       npm run fuzz -- --list`;

process.exitCode = await main();

async function main() {
  let given;
  try {
    const options = { time: { type: 'string', default: '60s' }, seed: { type: 'string' } };
    given = parseArgs({
      allowPositionals: true,
      options: { ...options, input: { type: 'string' }, list: { type: 'boolean', default: false } },
    });
  } catch (error) {
    return unusable(error.message);
  }
  const { values, positionals } = given;
  const targets = await listed();
  if (values.list) {
    for (const { name, about } of targets) console.log(`${name.padEnd(16)} ${about}`);
    return 0;
  }
  const [word] = positionals;
  const chosen = word === 'all' ? targets : targets.filter(({ name }) => name === word);
  if (positionals.length !== 1 || chosen.length === 0)
    return unusable(`name one of ${targets.map(({ name }) => name).join(', ')}, or all`);
  if (values.input !== undefined) return await once(chosen[0], values.input);
  const time = /^(\d+)(s|m|h)$/.exec(values.time);
  if (!time) return unusable(`--time ${values.time}: expected is 30s, 10m or 1h`);
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);
  if (!Number.isInteger(seed)) return unusable(`--seed ${values.seed}: expected is a whole number`);
  const milliseconds = (Number(time[1]) * { s: 1e3, m: 6e4, h: 36e5 }[time[2]]) / chosen.length;
  console.log(`seed ${seed}`);
  let finds = 0;
  for (const target of chosen) finds += await fuzz(target, { milliseconds, seed });
  console.log(finds === 0 ? 'nothing found' : `${finds} found`);
  return finds === 0 ? 0 : 1;
}

function unusable(text) {
  console.error(`${text}\n${USAGE}`);
  return 2;
}

async function listed() {
  const entry = "export { TARGETS } from './test/fuzz/targets.ts';";
  const { path } = await bundle(root, 'targets', entry, { isInstrumented: false });
  return (await import(pathToFileURL(path).href)).TARGETS;
}

/** One input on the sources as they are: what is thrown has its place in them. */
async function once(target, file) {
  process.setSourceMapsEnabled(true);
  const { path } = await bundle(root, `${target.name}-plain`, entryOf(target), { isInstrumented: false });
  const { target: plain } = await import(pathToFileURL(path).href);
  try {
    await plain.run(new Uint8Array(readFileSync(file)));
  } catch (error) {
    console.log(error.stack);
    return 1;
  }
  console.log('nothing found');
  return 0;
}

function entryOf({ name }) {
  return `export { target } from './test/fuzz/targets/${name}.ts';
    export { session } from './test/fuzz/engine/session.ts';`;
}

/** Gives how many defects were found. */
async function fuzz(target, { milliseconds, seed }) {
  const { path, points, words } = await bundle(root, target.name, entryOf(target), { isInstrumented: true });
  const memory = new SharedArrayBuffer(8 + MOST_BYTES);
  const finds = join(FOLDER, 'finds');
  const settings = { seed, milliseconds, finds, corpus: join(FOLDER, 'corpus', target.name) };
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { path, points, words, memory, settings },
  });
  const state = new Int32Array(memory, 0, 2);
  return await new Promise((resolve) => {
    let runs = -1;
    const ended = (count) => {
      clearInterval(watch);
      resolve(count);
    };
    const lost = (what, text) => {
      const input = Buffer.from(memory, 8, Math.max(0, Math.min(state[1], MOST_BYTES)));
      const hash = createHash('sha256').update(input).digest('hex').slice(0, 16);
      const place = join(finds, `${target.name}-${what}-${hash}`);
      mkdirSync(finds, { recursive: true });
      writeFileSync(place, input);
      console.log(`${target.name}: ${what}: ${relative(root, place)}\n  ${text}`);
      ended(1);
    };
    const watch = setInterval(() => {
      if (state[0] === runs) {
        void worker.terminate();
        lost('hang', `no end within ${HANG_MS / 1000} s`);
      }
      runs = state[0];
    }, HANG_MS);
    worker.on('error', (error) => lost('crash', error.stack ?? String(error)));
    worker.on('message', ({ progress, result }) => {
      console.log(lineOf(target, points, progress ?? result));
      if (!result) return;
      for (const find of result.finds) {
        console.log(`${target.name}: ${relative(root, find.path)}\n  ${find.stack.replaceAll('\n', '\n  ')}`);
      }
      ended(result.finds.length);
    });
  });
}

function lineOf({ name }, points, { milliseconds, runs, corpus, seeded, passed, slowest, heap, finds }) {
  const seconds = milliseconds / 1000;
  const mega = (bytes) => (bytes / 2 ** 20).toFixed(1);
  return [
    `${name.padEnd(14)} ${seconds.toFixed(0).padStart(5)} s ${String(runs).padStart(9)} runs`,
    `${(runs / seconds).toFixed(0)}/s`,
    `corpus ${corpus}`,
    `points ${seeded} → ${passed} of ${points}`,
    `most steps a byte ${slowest}`,
    ...(heap ? [`heap ${mega(heap.begin)} → ${mega(heap.end)} MB`] : []),
    `finds ${finds.length}`,
  ].join(', ');
}
