// The thread that runs a target: its counters stand ready before its sources are loaded. What it runs lies in shared memory, so
// that the thread beside it knows what it hangs in.
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

const { path, points, words, memory, settings } = workerData;
setFlagsFromString('--expose-gc');
globalThis.gc ??= runInNewContext('gc');
globalThis.fuzzPoints = {
  hits: new Uint8Array(Math.ceil((points + 1) / 4) * 4),
  left: Float64Array.of(Number.POSITIVE_INFINITY),
  over() {
    throw new Error('hang: more loops and calls than its length allows');
  },
};
const state = new Int32Array(memory, 0, 2);
const bytes = new Uint8Array(memory, 8);
const { target, session } = await import(pathToFileURL(path).href);
const result = await session(target, {
  ...settings,
  points: globalThis.fuzzPoints,
  words,
  onRun(input) {
    bytes.set(input.subarray(0, bytes.length));
    state[1] = input.length;
    state[0]++;
  },
  onProgress: (progress) => parentPort.postMessage({ progress }),
});
parentPort.postMessage({ result });
