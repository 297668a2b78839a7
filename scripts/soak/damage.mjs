// npm run soak:damage [-- --runs 50000 --seed N --threads 2 --only TEXT --run NUMBER]
// Files of the corpora, each damaged in one place and read: docs/reliability.md, "Damage". Exit status 0: nothing but damaged
// parts was lost; 1: losses; 2: not a command line that it knows.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bundle } from '../fuzz/bundle.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(root, 'dist/damage');
const ENTRY = "export { session, signature } from './test/damage/session.ts';";
const PROGRESS_MS = 10_000;
/** A run that takes longer is a hang. */
const HANG_MS = 60_000;

if (isMainThread) process.exitCode = await main();
else await work();

async function main() {
  let values;
  try {
    const text = { type: 'string' };
    const options = {
      runs: { type: 'string', default: '50000' },
      seed: text,
      threads: text,
      only: text,
      run: text,
    };
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return unusable(error.message);
  }
  const runs = Number(values.runs);
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);
  const threads = Number(values.threads ?? Math.min(8, cpus().length));
  for (const [name, value] of Object.entries({ runs, seed, threads }))
    if (!Number.isInteger(value) || value < 0) return unusable(`--${name}: expected is a whole number`);
  process.chdir(root);
  const { path } = await bundle(root, 'damage', ENTRY, { isInstrumented: false });
  const only = values.only ?? '';
  const [first, end] = values.run === undefined ? [0, runs] : [Number(values.run), Number(values.run) + 1];
  console.log(`seed ${seed}, ${end - first} runs${only === '' ? '' : ` on what has ${only} in its path`}`);
  return await soak({ path, seed, only, first, end }, Math.max(1, Math.min(threads, end - first)));
}

function unusable(text) {
  console.error(
    `${text}\nusage: npm run soak:damage [-- --runs N --seed N --threads N --only TEXT --run NUMBER]`,
  );
  return 2;
}

async function soak(settings, threads) {
  const { signature } = await import(pathToFileURL(settings.path).href);
  // Numbers of runs are handed out here: which thread takes one changes nothing about it.
  const counter = new Int32Array(new SharedArrayBuffer(4));
  counter[0] = settings.first;
  const figures = { runs: 0, held: 0, kinds: {} };
  const told = new Set();
  let losses = 0;
  const begun = Date.now();
  const seconds = () => Math.round((Date.now() - begun) / 1000);
  const tick = setInterval(() => {
    const done = Math.min(counter[0], settings.end) - settings.first;
    console.log(`${seconds()} s: ${done.toLocaleString('en')} runs, ${losses} with losses`);
  }, PROGRESS_MS);
  const one = (index) =>
    new Promise((resolve) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { ...settings, counter, index } });
      let last = Date.now();
      const watch = setInterval(() => {
        if (Date.now() - last < HANG_MS) return;
        losses++;
        console.log(`a run near ${counter[0]} hangs`);
        worker.terminate();
      }, 1000);
      worker.on('message', ({ outcome, number, result }) => {
        last = Date.now();
        if (outcome) {
          losses++;
          const kind = signature(outcome);
          if (!told.has(kind)) tell(number, outcome);
          told.add(kind);
        }
        if (!result) return;
        figures.runs += result.runs;
        figures.held += result.held;
        for (const [kind, many] of Object.entries(result.kinds))
          figures.kinds[kind] = (figures.kinds[kind] ?? 0) + many;
      });
      worker.on('error', (error) => {
        losses++;
        console.log(`a thread ended: ${error.stack}`);
      });
      worker.on('exit', () => {
        clearInterval(watch);
        resolve();
      });
    });
  await Promise.all(Array.from({ length: threads }, (_, index) => one(index)));
  clearInterval(tick);
  const kinds = Object.entries(figures.kinds).map(([kind, many]) => `${many.toLocaleString('en')} ${kind}`);
  console.log(`${figures.runs.toLocaleString('en')} runs in ${seconds()} s: ${kinds.join(', ')}`);
  console.log(`${figures.held.toLocaleString('en')} records and packets had to be read`);
  console.log(losses === 0 ? 'nothing was lost' : `${losses} runs lost something, ${told.size} kinds of it`);
  return losses === 0 ? 0 : 1;
}

function tell(number, { kind, path, how, lost, thrown, bytes }) {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `run-${number}`);
  writeFileSync(file, bytes);
  const what =
    thrown ??
    `${lost.length} lost\n  ${lost
      .slice(0, 4)
      .map((text) => text.slice(0, 300))
      .join('\n  ')}`;
  console.log(`run ${number}: ${kind} ${path}\n  ${how}\n  ${file}\n  ${what}`);
}

async function work() {
  const { path, seed, only, counter, end } = workerData;
  const { session } = await import(pathToFileURL(path).href);
  const next = () => {
    const number = Atomics.add(counter, 0, 1);
    parentPort.postMessage({});
    return number < end ? number : undefined;
  };
  const result = await session({ seed, only }, next, (number, outcome) =>
    parentPort.postMessage({ number, outcome }),
  );
  parentPort.postMessage({ result });
}
