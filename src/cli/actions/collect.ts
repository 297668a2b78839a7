import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { colorsOf } from '../../base/colors.ts';
import type { Issue } from '../../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../../base/limits.ts';
import { printable } from '../../base/printable.ts';
import { shellWord } from '../../base/shell.ts';
import { type CollectedManifest, missingLines, timeText } from '../../collect/bundle.ts';
import type { CapturedPoint } from '../../collect/capture.ts';
import { collect, type Watcher } from '../../collect/collect.ts';
import { Host } from '../../collect/host.ts';
import { redactBundle } from '../../collect/redact/bundle.ts';
import { bundleFolder } from '../../collect/redact/source.ts';
import { collectScript } from '../../collect/script/script.ts';
import { Staging, targetFault } from '../../collect/staging.ts';
import { wrap } from '../../report/text/wrap.ts';
import type { CollectCommandOptions } from '../commands/collect.ts';
import { type Io, type Status, UsageError } from '../io.ts';
import { hasErrors, tellIssues } from '../messages.ts';
import { openOutput } from '../output.ts';
import { atExit, onInterrupt } from '../signals.ts';
import { hasColor, textOptions } from '../terminal.ts';
import { attempt, reasonOf } from '../whole-file.ts';

export async function collectAction(options: CollectCommandOptions, io: Io): Promise<Status> {
  checkCombination(options);
  if (options.printScript) return printScript(options, io);
  const target = options.output ?? defaultName(options.redact ?? false);
  const fault = targetFault(target, options.force ?? false);
  if (fault !== undefined)
    throw new UsageError(
      `can't write ${printable(target)}: ${fault}`,
      fault.includes('exists') ? 'Name another one with -o, or replace it with --force.' : undefined,
    );
  const staging = attempt(target, () => new Staging(target));
  const stay = atExit(() => staging.remove());
  const screen = createScreen(io, options);
  try {
    return options.from === undefined
      ? await fromHost(target, staging, screen, options, io)
      : await fromBundle(target, staging, screen, options.from, options, io);
  } catch (error) {
    // The disk is full, or the folder went away: what fails there is no defect of the program.
    if (!isSystemError(error)) throw error;
    throw new UsageError(`can't write ${printable(target)}: ${reasonOf(error)}`);
  } finally {
    screen.clear();
    await removed(staging);
    stay();
  }
}

/** Where there are too many open files, children that end now have some of them. */
async function removed(staging: Staging): Promise<void> {
  for (let tries = 100; tries > 0; tries--) {
    try {
      staging.remove();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

async function fromHost(
  target: string,
  staging: Staging,
  screen: Screen,
  options: CollectCommandOptions,
  io: Io,
): Promise<Status> {
  const host = new Host(io.env);
  let end = (): void => {};
  const early = new Promise<void>((resolve) => {
    end = resolve;
  });
  const killAll = (): void => host.killAll();
  const stay = atExit(killAll);
  const release = onInterrupt((times, status) => {
    if (times === 1) {
      screen.say('ending; the bundle is being written (again: leave nothing behind)');
      end();
      return;
    }
    screen.clear();
    process.exit(status);
  });
  try {
    const { points, limits } = captureOf(options);
    const result = await collect(
      {
        hostChoice: options.hostNamespace,
        only: options.only ?? [],
        ...(points && { capture: { points, limits } }),
      },
      staging,
      { host, now: Date.now, watcher: screen, early },
    );
    if ('wrong' in result) throw new UsageError(result.wrong, result.hint);
    if (options.redact)
      await redact(staging.folder, staging, screen, io, { ...DEFAULT_LIMITS, ...options.limit });
    screen.phase('packing');
    await staging.finish(options.force ?? false);
    screen.clear();
    if (!options.quiet) io.stdout.write(summary(target, result.manifest, result.captured, options, io));
    return result.manifest.missing.length > 0 ? 1 : 0;
  } finally {
    release();
    stay();
    killAll();
  }
}

/** A redacted copy of a bundle that is there. */
async function fromBundle(
  target: string,
  staging: Staging,
  screen: Screen,
  from: string,
  options: CollectCommandOptions,
  io: Io,
): Promise<Status> {
  const release = onInterrupt((_, status) => process.exit(status));
  try {
    const limits = { ...DEFAULT_LIMITS, ...options.limit };
    const source = await bundleFolder(from, staging.side('source'), limits);
    if ('severity' in source) throw new UsageError(`${printable(from)}: ${source.text}`);
    tellIssues(io, source.issues, options);
    const issues = await redact(source.folder, staging, screen, io, limits);
    screen.phase('packing');
    await staging.finish(options.force ?? false);
    screen.clear();
    if (!options.quiet) io.stdout.write(`${printable(target)}: ${sizeText(target)}, redacted\n`);
    return hasErrors([...source.issues, ...issues]) ? 1 : 0;
  } finally {
    release();
  }
}

async function redact(
  from: string,
  staging: Staging,
  screen: Screen,
  io: Io,
  limits: InputLimits,
): Promise<readonly Issue[]> {
  screen.phase('replacing addresses and names');
  // Nobody keeps it: what a stand-in stands for can't be found out from it.
  const key = randomBytes(16);
  const folder = staging.side('redacted');
  const issues = await redactBundle(from, folder, [key.readBigUInt64LE(0), key.readBigUInt64LE(8)], limits);
  screen.clear();
  tellIssues(io, issues, {});
  staging.take(folder);
  return issues;
}

function printScript(options: CollectCommandOptions, io: Io): Status {
  const { points, limits } = captureOf(options);
  const script = collectScript({
    ...limits,
    capture: (points ?? []).join(','),
    only: options.only ?? [],
    hostChoice: options.hostNamespace,
  });
  const output = openOutput(io, options.output, []);
  output.write(script);
  output.end();
  return 0;
}

function checkCombination({ from, redact, capture }: CollectCommandOptions): void {
  if (from !== undefined && !redact)
    throw new UsageError('--from goes with --redact', 'To read a bundle: nettrace analyze FILE');
  if (from !== undefined && capture)
    throw new UsageError('--from takes a bundle, in which nothing can be captured any more');
}

/** `nettrace-node-1-20261129T025217Z.tar.gz` */
function defaultName(redacted: boolean): string {
  const time = timeText(Date.now())
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  const who = redacted ? 'redacted' : hostname().replace(/[^\w.-]/g, '_');
  return `nettrace-${who}-${time}.tar.gz`;
}

function captureOf(options: CollectCommandOptions) {
  const { capture: points, duration, filter, snaplen, maxSize, packets, promiscuous } = options;
  return {
    points,
    limits: {
      seconds: duration,
      snaplen,
      maxBytes: maxSize,
      promiscuous,
      ...(filter === undefined ? {} : { filter }),
      ...(packets === undefined ? {} : { packets }),
    },
  };
}

interface Screen extends Watcher {
  say(text: string): void;
  clear(): void;
}

/** A line that is written over on a terminal; elsewhere only what has to be known. */
function createScreen(io: Io, { duration, quiet, color }: CollectCommandOptions): Screen {
  const live = io.stderr.isTTY === true && !quiet;
  const colors = colorsOf(hasColor(io, io.stderr, color));
  let shown = false;
  let ended = false;
  const clear = (): void => {
    if (shown) io.stderr.write('\r\x1b[K');
    shown = false;
  };
  const line = (text: string): void => {
    if (!live) return;
    io.stderr.write(`\r\x1b[K${text.slice(0, (io.stderr.columns || 80) - 1)}`);
    shown = true;
  };
  const say = (text: string): void => {
    ended = true;
    if (quiet) return;
    clear();
    io.stderr.write(`nettrace: ${text}\n`);
  };
  return {
    clear,
    say,
    phase: (text) => line(printable(text)),
    listening(points) {
      if (quiet) return;
      clear();
      const names = points
        .map(({ namespace, device }) => printable(`${namespace.name}:${device}`))
        .join(', ');
      io.stderr.write(`${colors.bold('capturing')} on ${names} for ${duration} s; Ctrl-C ends it early\n`);
    },
    counts(counts, elapsed) {
      if (ended) return;
      const each = counts.map(({ name, packets }) => `${name} ${packets}`).join('  ');
      line(printable(`${Math.floor(elapsed / 1000)} s  ${each}`));
    },
  };
}

function summary(
  target: string,
  { namespaces = [], files, missing }: CollectedManifest,
  captured: readonly CapturedPoint[],
  { redact, color }: CollectCommandOptions,
  io: Io,
): string {
  const width = Math.min(textOptions(io, { color }).width, 100);
  const colors = colorsOf(hasColor(io, io.stdout, color));
  const names = namespaces.map(({ name }) => printable(name));
  const lines = [
    `${colors.bold(printable(target))}: ${files.length} files, ${sizeText(target)}${redact ? ', redacted' : ''}`,
  ];
  lines.push(
    ...indented(
      `${names.length === 1 ? 'namespace' : `${names.length} namespaces`}: ${names.join(', ')}`,
      width,
    ),
  );
  for (const { point, packets, dropped } of captured) {
    const lost = dropped ? `, ${dropped} lost` : '';
    lines.push(
      `  ${printable(`${point.namespace.name}:${point.device}`)}: ${packets} packet${packets === 1 ? '' : 's'}${lost}`,
    );
  }
  if (missing.length > 0) {
    lines.push('', 'Not in it');
    for (const text of missingLines(missing)) lines.push(...indented(printable(text), width));
  }
  lines.push('', `What is wrong: nettrace analyze ${printable(shellWord(target))}`);
  return `${lines.join('\n')}\n`;
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - 4).map((line, index) => `${index === 0 ? '  ' : '    '}${line}`);
}

function sizeText(target: string): string {
  const { size } = statSync(target);
  return target.endsWith('/')
    ? 'a folder'
    : size < 1e6
      ? `${Math.ceil(size / 1000)} kB`
      : `${(size / 1e6).toFixed(1)} MB`;
}
