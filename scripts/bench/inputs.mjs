/** Captures and rulesets on disk: made once, kept between runs, made anew when their version changes. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Of everything that the generators share. */
const VERSION = 1;

export const BENCH_DIR = process.env.NETTRACE_BENCH_DIR ?? join(tmpdir(), 'nettrace-bench');

/**
 * A folder that `make` has filled.
 * @param {string} name with the scale in it, where there is one
 * @param {number} version
 * @param {(folder: string) => void} make
 */
export function folderOf(name, version, make) {
  const folder = join(BENCH_DIR, name);
  const stamp = join(BENCH_DIR, 'made', `${name.replaceAll('/', '+')}.txt`);
  const wanted = `${VERSION}.${version}`;
  if (existsSync(folder) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;
  process.stderr.write(`making ${name}\n`);
  // Whole or not at all: a run that is broken off leaves nothing behind that the next would take for done.
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  mkdirSync(dirname(stamp), { recursive: true });
  make(draft);
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  writeFileSync(stamp, wanted);
  return folder;
}
