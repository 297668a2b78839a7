/** A file that appears whole or not at all: it is written beside its place under another name, and renamed at the end. */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { printable } from '../base/printable.ts';
import { UsageError } from './io.ts';
import { atExit, onInterrupt } from './signals.ts';

export interface WholeFile {
  write(bytes: Uint8Array): void;
  /** Everything is written: the file gets its name. */
  finish(): void;
  /** Takes away what was written. After `finish` it does nothing. */
  abandon(): void;
}

/** Pipes and devices are written as they are. What can't be written is a `UsageError`, and nothing is left of it. `mode`: of one that is new. */
export function openWholeFile(file: string, mode = 0o666): WholeFile {
  const target = targetOf(file);
  const before = attempt(file, () => statSync(target, { throwIfNoEntry: false }));
  if (before?.isDirectory()) throw new UsageError(`can't write ${printable(file)}: it is a directory`);
  if (before && !before.isFile()) return special(file, target);
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const descriptor = attempt(file, () => openSync(draft, 'wx', mode));
  let done = false;
  const remove = (): void => {
    if (done) return;
    done = true;
    quiet();
    stay();
    closeSync(descriptor);
    rmSync(draft, { force: true });
  };
  const stay = atExit(remove);
  const quiet = onInterrupt((_, status) => {
    remove();
    process.exit(status);
  });
  const orRemove = (act: () => void): void => {
    try {
      attempt(file, act);
    } catch (error) {
      remove();
      throw error;
    }
  };
  return {
    write: (bytes) => orRemove(() => put(descriptor, bytes)),
    finish() {
      orRemove(() => {
        fsyncSync(descriptor);
        if (before) likeBefore(draft, before);
        renameSync(draft, target);
      });
      done = true;
      quiet();
      stay();
      closeSync(descriptor);
    },
    abandon: remove,
  };
}

/** A text as such a file. */
export function writeWholeFile(file: string, text: string, mode?: number): void {
  const whole = openWholeFile(file, mode);
  whole.write(Buffer.from(text));
  whole.finish();
}

function special(file: string, target: string): WholeFile {
  const descriptor = attempt(file, () => openSync(target, 'w'));
  return {
    write: (bytes) => attempt(file, () => put(descriptor, bytes)),
    finish: () => attempt(file, () => closeSync(descriptor)),
    abandon: () => {},
  };
}

function put(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/** Who may read a file that is replaced may do so afterwards; root leaves its owner too. */
function likeBefore(draft: string, { uid, gid, mode }: Stats): void {
  if (process.geteuid?.() === 0) chownSync(draft, uid, gid);
  chmodSync(draft, mode & 0o7777);
}

/** A link stays one: what it leads to is replaced. */
function targetOf(file: string): string {
  try {
    return lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  } catch {
    return file;
  }
}

export function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`can't write ${printable(file)}: ${reasonOf(error)}`);
  }
}

/** `ENOSPC: no space left on device`, without the system call and its paths. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, [a-z]+(?: '.*)?$/s, '') : String(error);
}

/** An output that is an input, or a file that exists within an input directory, would destroy what is being read. */
export function refuseInput(file: string, inputs: readonly string[]): void {
  const target = realPath(file);
  if (target === undefined) return;
  for (const input of inputs) {
    for (const path of [realPath(input), realPath(input.replace(/^[^:=/\\]+:[^:=/\\\s]*=/, ''))]) {
      if (path === undefined || (path !== target && !target.startsWith(path + sep))) continue;
      throw new UsageError(
        `${printable(file)} is one of the inputs: it would be overwritten`,
        'Name another file with -o.',
      );
    }
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
