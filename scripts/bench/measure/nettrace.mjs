/** nettrace as a package would have it: without its sources, so that no run looks whether they are newer. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCH_DIR } from '../inputs.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds it and lays it out. @returns {string} its launcher */
export function packaged() {
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
  // What is made at the first start is made now.
  for (let start = 0; start < 2; start++) spawnSync(process.execPath, [launcher, '--help']);
  return launcher;
}
