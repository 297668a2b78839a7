/** Runs cases by their paths, as far as `--only` wants them. */
import { readFileSync } from 'node:fs';
import type { Issue } from '../../../base/issue.ts';
import { printable } from '../../../base/printable.ts';
import { readCase } from '../../../cases/file/read.ts';
import { findCases } from '../../../cases/run/beside.ts';
import { runCase } from '../../../cases/run/case.ts';
import type { CaseResult } from '../../../cases/run/result.ts';
import type { TestOptions } from '../../commands/test.ts';
import { type Io, UsageError } from '../../io.ts';
import { onlyOf } from './only.ts';

/** All below the folders. */
export async function runFound(
  dirs: readonly string[],
  options: TestOptions,
  io: Io,
): Promise<{ results: readonly CaseResult[]; issues: readonly Issue[] }> {
  const { files, issues } = findCases(dirs);
  if (files.length === 0 && issues.length === 0)
    throw new UsageError(
      `there is no case in ${dirs.map(printable).join(', ')}`,
      'A case is an expect.yaml beside its inputs, or NAME.expect.yaml; nettrace test --help shows one.',
    );
  const results = await runCases(files, options, io);
  if (results.length === 0 && options.only && issues.length === 0)
    throw new UsageError(`no case or row is called like ${options.only.map(printable).join(' or ')}`);
  return { results, issues };
}

export async function runCases(
  paths: readonly string[],
  options: TestOptions,
  io: Io,
): Promise<CaseResult[]> {
  const only = onlyOf(options.only);
  const results: CaseResult[] = [];
  for (const path of paths) {
    const file = readCase(path, readFileSync(path, 'utf8'));
    const wants = only?.rowsOf(file);
    if (only && !wants) continue;
    results.push(
      await runCase(file, {
        ...{ now: io.now, strict: options.strict ?? false, limits: options.limit },
        ...(wants && { wants }),
      }),
    );
  }
  return results;
}
