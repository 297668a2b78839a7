/** Loops and calls that a command takes: the same on any machine, whatever else it does. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from '../../fuzz/bundle.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const silent = { write: () => true, isTTY: false, columns: undefined };

/**
 * The sources with counters in them, as a command line that tells how many steps it took. What runs inside of V8 (a text that is searched, an array
 * that is sorted or copied) and in other threads is not counted.
 * @returns {Promise<(...words: string[]) => Promise<number>>}
 */
export async function stepCounter() {
  const entry = "export { runCli } from './src/cli/run.ts';";
  const { path, points } = await bundle(ROOT, 'command-line', entry, { isInstrumented: true });
  const left = Float64Array.of(Number.POSITIVE_INFINITY);
  globalThis.fuzzPoints = {
    hits: new Uint8Array(Math.ceil((points + 1) / 4) * 4),
    left,
    over() {
      throw new Error('more steps than a float can count');
    },
  };
  const { runCli } = await import(pathToFileURL(path).href);
  return async (...words) => {
    left[0] = Number.MAX_SAFE_INTEGER;
    const stdin = (async function* () {})();
    const io = { stdout: silent, stderr: silent, stdin, env: { LANG: 'C.UTF-8' }, now: () => 0 };
    const status = await runCli(words, { ...io, setStatus: () => {} });
    if (status > 2) throw new Error(`${words.join(' ')}: status ${status}`);
    return Number.MAX_SAFE_INTEGER - left[0];
  };
}
