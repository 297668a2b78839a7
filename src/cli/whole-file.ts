/** A file that appears whole or not at all: it is written beside its place under another name, and renamed at the end. */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
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
import { basename, dirname, join, resolve, sep } from 'node:path';
import { printable } from '../base/printable.ts';
import { UsageError } from './io.ts';
import { atExit, onInterrupt } from './signals.ts';

export interface WholeFile {
  write(bytes: Uint8Array): void;
  /** Now and then something to wait for, so that signals are heard. */
  ready(): Promise<void> | undefined;
  /** Everything is written: the file gets its name. */
  finish(): void;
  /** Takes away what was written. After `finish` it does nothing. */
  abandon(): void;
}

/** Bytes between two turns of others. */
const TURN = 4 << 20;

/**
 * Begun with the first bytes: until then a signal ends the process as it ends any. Pipes and devices are written as they are. What can't be
 * written is a `UsageError`, and nothing is left of it. `mode`: of a file that is new.
 */
export function openWholeFile(file: string, mode = usualMode()): WholeFile {
  const target = targetOf(file);
  const before = attempt(file, () => statSync(target, { throwIfNoEntry: false }));
  if (before?.isDirectory()) throw new UsageError(`can't write ${printable(file)}: it is a directory`);
  const isSpecial = before !== undefined && !before.isFile();
  if (!isSpecial) attempt(file, () => accessSync(dirname(target), constants.W_OK));
  let draft: Draft | undefined;
  let waiting = 0;
  const begun = (): Draft => {
    draft ??= isSpecial ? special(target) : new Beside(target, mode, before);
    return draft;
  };
  const orRemove = (act: (draft: Draft) => void): void => {
    try {
      attempt(file, () => act(begun()));
    } catch (error) {
      draft?.remove();
      throw error;
    }
  };
  return {
    write(bytes) {
      orRemove(({ descriptor }) => {
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      });
      waiting += bytes.length;
    },
    ready() {
      if (waiting < TURN) return undefined;
      waiting = 0;
      return new Promise((resolve) => setImmediate(resolve));
    },
    finish: () => orRemove((each) => each.keep()),
    abandon: () => draft?.remove(),
  };
}

/** A text as such a file. */
export function writeWholeFile(file: string, text: string, mode?: number): void {
  const whole = openWholeFile(file, mode);
  whole.write(Buffer.from(text));
  whole.finish();
}

interface Draft {
  readonly descriptor: number;
  keep(): void;
  remove(): void;
}

function special(target: string): Draft {
  const descriptor = openSync(target, 'w');
  return { descriptor, keep: () => closeSync(descriptor), remove: () => {} };
}

/** What is written so far, until the process ends. */
class Beside implements Draft {
  readonly descriptor: number;
  readonly #path: string;
  readonly #target: string;
  readonly #before: Stats | undefined;
  readonly #stay: () => void;
  readonly #quiet: () => void;
  #isOver = false;

  constructor(target: string, mode: number, before: Stats | undefined) {
    this.#target = target;
    this.#before = before;
    this.#path = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
    this.descriptor = openSync(this.#path, 'wx', mode);
    this.#stay = atExit(() => this.remove());
    this.#quiet = onInterrupt((_, status) => process.exit(status));
  }

  keep(): void {
    fsyncSync(this.descriptor);
    if (this.#before) likeBefore(this.descriptor, this.#before);
    renameSync(this.#path, this.#target);
    this.#end();
  }

  remove(): void {
    if (this.#isOver) return;
    this.#end();
    rmSync(this.#path, { force: true });
  }

  #end(): void {
    this.#isOver = true;
    this.#stay();
    this.#quiet();
    closeSync(this.descriptor);
  }
}

/**
 * Who may read a file that is replaced may do so afterwards; root leaves its owner too. By its descriptor: whoever may write to the folder
 * can put a link in the place of the draft meanwhile.
 */
function likeBefore(draft: number, { uid, gid, mode }: Stats): void {
  if (process.geteuid?.() === 0) fchownSync(draft, uid, gid);
  fchmodSync(draft, mode & 0o7777);
}

/** A link stays one: what it leads to is replaced. */
function targetOf(file: string): string {
  refuseStrangers(file);
  try {
    return lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  } catch {
    return file;
  }
}

/**
 * In a folder that all may write to (/tmp) a name may be somebody else's: a link that leads to what is ours, a pipe or file of which they
 * read what we write. As proc(5) has it of fs.protected_symlinks, wherever the kernel doesn't see to it itself.
 */
function refuseStrangers(file: string): void {
  const euid = process.geteuid?.();
  if (euid === undefined) return;
  const whole = resolve(file);
  for (let path = whole; path !== dirname(path); path = dirname(path)) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const folder = statSync(dirname(path), { throwIfNoEntry: false });
    if (!stat || !folder || (folder.mode & 0o002) === 0 || [euid, folder.uid].includes(stat.uid)) continue;
    if (path !== whole && !stat.isSymbolicLink()) continue;
    const what = stat.isSymbolicLink() ? 'link' : 'file';
    throw new UsageError(
      `can't write ${printable(file)}: ${printable(path)} is somebody else's ${what} in a folder that all may write to`,
      'Name another file with -o.',
    );
  }
}

/** What root has read is not for everybody; of other users the umask decides. */
function usualMode(): number {
  return process.geteuid?.() === 0 ? 0o600 : 0o666;
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
