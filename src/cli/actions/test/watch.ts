/** `--watch`: when a file is saved, the cases that it concerns are run again; until Ctrl-C. */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { printable } from '../../../base/printable.ts';
import { findCases } from '../../../cases/run/beside.ts';
import type { CaseResult } from '../../../cases/run/result.ts';
import type { Io, Status } from '../../io.ts';
import { onInterrupt } from '../../signals.ts';

/** Milliseconds: an editor that saves writes more than once. */
const SETTLING = 100;

export interface WatchWork {
  run(paths: readonly string[]): Promise<readonly CaseResult[]>;
  report(results: readonly CaseResult[]): Status;
  readonly io: Io;
}

/** Gives the status of all cases as they are at the end. */
export async function watchCases(
  dirs: readonly string[],
  first: readonly CaseResult[],
  { run, report, io }: WatchWork,
): Promise<Status> {
  const known = new Map(first.map((result) => [result.file.path, result]));
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  const { promise, end, fail } = ending();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();

  const rerun = async (): Promise<void> => {
    const paths = [...changed];
    changed.clear();
    const { files } = findCases(dirs);
    for (const path of known.keys()) if (!files.includes(path)) known.delete(path);
    const concerned = files.filter((path) => {
      const result = known.get(path);
      return !result || paths.some((file) => concerns(result, file));
    });
    if (concerned.length === 0) return;
    const names = paths.map((path) => printable(relative('', path))).join(', ');
    io.stdout.write(`\n${names} changed\n`);
    const results = await run(concerned);
    for (const result of results) known.set(result.file.path, result);
    if (results.length > 0) report(results);
    follow();
  };

  const follow = (): void => {
    for (const folder of foldersOf(dirs, [...known.values()])) {
      if (watchers.has(folder)) continue;
      const watcher = watch(folder, (_event, name) => {
        if (name === null) return;
        changed.add(join(folder, name));
        clearTimeout(timer);
        timer = setTimeout(() => {
          running = running.then(rerun).catch(fail);
        }, SETTLING);
      });
      // A folder that goes away is followed no more.
      watcher.on('error', () => watchers.delete(folder));
      watchers.set(folder, watcher);
    }
  };

  follow();
  io.stdout.write('\nWaiting for changes; Ctrl-C ends it.\n');
  const release = onInterrupt(end);
  try {
    await promise;
  } finally {
    release();
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  }
  return worst([...known.values()]);
}

function ending(): { promise: Promise<void>; end: () => void; fail: (error: unknown) => void } {
  let end = (): void => {};
  let fail = (_error: unknown): void => {};
  const promise = new Promise<void>((resolved, rejected) => {
    end = () => resolved();
    fail = rejected;
  });
  return { promise, end, fail };
}

function worst(results: readonly CaseResult[]): Status {
  if (results.some(({ outcome }) => outcome === 'error')) return 2;
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

function concerns({ file, words }: CaseResult, changed: string): boolean {
  return [file.path, ...words.map(pathOf)].some((path) => {
    const own = resolve(path);
    return changed === own || changed.startsWith(own + sep);
  });
}

function pathOf(word: string): string {
  return word.replace(/^[^:=/\\]+(?:\/[^:=/\\]+)?:[^:=/\\\s]*=/, '');
}

/** Those that cases are in, and those that their inputs are in, or are. */
function foldersOf(dirs: readonly string[], results: readonly CaseResult[]): Set<string> {
  const folders = new Set<string>();
  const files = results.flatMap(({ file, words }) => [file.path, ...words.map(pathOf)]);
  for (const path of [...dirs, ...files]) {
    const at = resolve(path);
    const stat = statSync(at, { throwIfNoEntry: false });
    if (!stat?.isDirectory()) folders.add(dirname(at));
    else addTree(at, folders);
  }
  return folders;
}

function addTree(folder: string, folders: Set<string>): void {
  if (folders.has(folder)) return;
  folders.add(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      addTree(join(folder, entry.name), folders);
}
