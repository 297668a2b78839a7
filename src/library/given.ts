/** What a caller names as inputs, and what is said to it while they are read. */

import type { InputLimits } from '../base/limits.ts';
import { Pace } from '../base/pace.ts';
import type { InputSet } from '../input/input.ts';
import { observed } from '../input/observed.ts';
import { type ResolveOptions, resolveFiles, resolveInputs } from '../input/resolve.ts';
import { inputError, UsageError } from './errors.ts';
import { pathOf } from './paths.ts';

/**
 * Files of a bundle that are in memory: path in the bundle → content, as bytes or text. In the bundle's layout
 * (`namespaces/host/iptables-save.txt`, `captures/red/eth0.pcap`) the path says where a file was taken; elsewhere its content and name do.
 */
export interface BundleFiles {
  readonly [path: string]: string | Uint8Array;
}

/**
 * One or several inputs:
 *
 * - a path, or several: files, directories, archives (`.tar`, `.tar.gz`), in any mix, each recognised by its content. As on the command line
 *   `NS:IFACE=FILE` says where a capture was taken, `NS:=FILE` of which namespace a dump is, and `-` is `stdin` of the options;
 * - a `file:` URL;
 * - bytes: of an archive, a capture, or the text of a dump;
 * - files by their paths in a bundle ({@link BundleFiles}).
 */
export type Inputs = string | URL | Uint8Array | readonly (string | URL)[] | BundleFiles;

/** How far a call is. `done` and `total` are of the present stage, and begin anew with each. */
export interface Progress {
  /**
   * `inputs`: files are recognised and dumps are read; `clocks`: of several hosts, the captures are read to compare their clocks; `captures`: the
   * captures are read; `again`: of large ones, parts are read a second time; `explaining`: flows are explained and fixes are tried.
   */
  readonly stage: 'inputs' | 'clocks' | 'captures' | 'again' | 'explaining';
  /** What the numbers count: files, bytes of captures, or flows and findings. */
  readonly unit: 'files' | 'bytes' | 'steps';
  readonly done: number;
  /** Absent where it isn't known before: of packed captures, streams, and what is read again. */
  readonly total?: number;
  /** The input that is being read. */
  readonly path?: string;
}

/** What every call that reads inputs takes. */
export interface ReadingOptions {
  /** Aborting it ends the call within moments: it rejects with the signal's reason, files are closed, and threads have ended. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then, and not after the call has ended. What it throws ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Files that nothing recognises, and empty ones, are passed over with a warning. Without it they are an {@link InputError}. */
  readonly ignoreUnknown?: boolean | undefined;
  /** Go on where an input can't be used, as long as any can: it is among the issues then. Without it that is an {@link InputError}. */
  readonly allowUnusable?: boolean | undefined;
  /** What an input may cost, where the defaults don't fit: `{ dumpBytes: 2 ** 30 }`; see {@link InputLimits}. */
  readonly limits?: Partial<InputLimits> | undefined;
  /** What the path `-` reads, once. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
}

/** A call that is under way: its turns, and what it tells of its progress. */
export class Run {
  readonly pace: Pace;
  readonly #onProgress: ReadingOptions['onProgress'];
  #stage: Progress['stage'] = 'inputs';
  #done = 0;

  constructor({ signal, onProgress }: Pick<ReadingOptions, 'signal' | 'onProgress'>) {
    signal?.throwIfAborted();
    this.pace = new Pace(signal);
    this.#onProgress = onProgress;
  }

  enter(stage: Progress['stage']): void {
    this.#stage = stage;
    this.#done = 0;
  }

  files(path: string, done: number, total: number): void {
    this.#onProgress?.({ stage: this.#stage, unit: 'files', done, total, path });
  }

  bytes(path: string, bytes: number, all: number | undefined): void {
    this.#done += bytes;
    const total = this.#stage === 'again' ? undefined : all;
    this.#onProgress?.({
      ...{ stage: this.#stage, unit: 'bytes', done: this.#done },
      ...(total !== undefined && { total }),
      path,
    });
  }

  steps(done: number, total: number): void {
    this.#onProgress?.({ stage: this.#stage, unit: 'steps', done, total });
  }

  /** The captures tell it what is read of them. */
  watching(inputs: InputSet): InputSet {
    if (!this.#onProgress) return inputs;
    return observed(inputs, (path, bytes, total) => this.bytes(path, bytes, total));
  }
}

/** Rejects with an `InputError` where an input can't be used. */
export async function readInputs(given: Inputs, options: ReadingOptions, run: Run): Promise<InputSet> {
  const { ignoreUnknown = false, limits, stdin } = options;
  const resolving: ResolveOptions = {
    ignoreUnknown,
    limits,
    ...(stdin && { stdin }),
    pace: run.pace,
    onFile: (path, done, total) => run.files(path, done, total),
  };
  const inputs = await resolved(given, resolving);
  const { captures, dumps, commands = [], issues } = inputs;
  const isEmpty = captures.length + dumps.length + commands.length === 0;
  const isUnusable = issues.some(({ severity }) => severity === 'error');
  if (isEmpty || (isUnusable && !options.allowUnusable)) throw inputError(issues);
  return inputs;
}

async function resolved(given: Inputs, options: ResolveOptions): Promise<InputSet> {
  if (typeof given === 'string' || given instanceof URL) return await resolveInputs([pathOf(given)], options);
  if (given instanceof Uint8Array)
    return await resolveInputs([], { ...options, texts: [{ path: 'input', bytes: given }] });
  if (isList(given)) {
    if (!given.every((each) => typeof each === 'string' || each instanceof URL)) throw notInputs();
    return await resolveInputs(given.map(pathOf), options);
  }
  if (typeof given !== 'object' || given === null) throw notInputs();
  const files = Object.entries(given).map(([name, content]) => ({ name, bytes: bytesOf(content) }));
  return await resolveFiles('bundle', files, options);
}

function isList(given: readonly (string | URL)[] | BundleFiles): given is readonly (string | URL)[] {
  return Array.isArray(given);
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  if (content instanceof Uint8Array) return content;
  throw notInputs();
}

function notInputs(): UsageError {
  return new UsageError('these are no inputs', 'inputs', {
    advice: 'Give paths, bytes, or an object of paths in a bundle and their contents.',
  });
}
