/** nettrace as a package would have it: without its sources, so that no run looks whether they are newer. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCH_DIR } from '../inputs.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs that a command needs until all of its compiled code is kept, and one to spare. */
const LESSONS = 4;

/** Builds it, lays it out and lets it learn each command on a small bundle. @returns {string} its launcher */
export function packaged(bundle) {
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('nettrace does not build');
  const folder = join(BENCH_DIR, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of ['bin', 'dist', 'schemas', 'package.json']) {
    if (existsSync(join(ROOT, part))) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const launcher = join(folder, 'bin', 'nettrace.js');
  for (const words of [
    ['--help'],
    ['show', bundle],
    ['show', '--format', 'count', join(bundle, 'captures')],
    ['scan', join(bundle, 'captures')],
    ['analyze', bundle],
  ]) {
    for (let start = 0; start < LESSONS; start++) spawnSync(process.execPath, [launcher, ...words]);
  }
  return launcher;
}
