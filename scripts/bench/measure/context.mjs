/** What rows get: where nettrace and the inputs are, and how often to run. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { captureFolder } from '../captures/make.mjs';
import { BENCH_DIR } from '../inputs.mjs';
import { packaged } from './nettrace.mjs';

/**
 * @typedef {object} Context
 * @property {number} runs
 * @property {boolean} quick
 * @property {string} home an empty one: no settings of the user's
 * @property {Set<string>} missing programs that are not installed
 * @property {(...words: string[]) => string[]} nettrace its command line
 * @property {(name: string) => string} folder of a capture of definitions.mjs
 * @property {(name: string) => string[]} files the captures in it
 */

/** @returns {Context} */
export function createContext({ runs, quick }) {
  const home = join(BENCH_DIR, 'home');
  mkdirSync(home, { recursive: true });
  const folder = (name) => captureFolder(name, quick);
  const launcher = packaged(folder('bundle'));
  return {
    ...{ runs, quick, home, folder },
    missing: new Set(),
    nettrace: (...words) => [process.execPath, launcher, ...words],
    files: (name) => capturesIn(folder(name)),
  };
}

function capturesIn(folder) {
  return readdirSync(join(folder, 'captures'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
