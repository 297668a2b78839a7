/** One case: its inputs read once, its rows judged. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Issue } from '../../base/issue.ts';
import type { InputLimits } from '../../base/limits.ts';
import { nearest } from '../../base/nearest.ts';
import { RuleCoverage } from '../coverage/coverage.ts';
import type { CaseError, CaseFile } from '../file/case-file.ts';
import { quote } from '../language/words.ts';
import { inputsBeside } from './beside.ts';
import { analyseCaptures, needsAnalysis } from './captures.ts';
import { type JudgeOptions, runPacket } from './packets.ts';
import { refusedLines } from './refused.ts';
import type { CaseResult, Outcome } from './result.ts';
import { buildCaseState, changedState, readInputs } from './state.ts';

export interface RunOptions extends JudgeOptions {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** The rows that are wanted; without it all. */
  readonly wants?: (row: string) => boolean;
  readonly limits?: Partial<InputLimits> | undefined;
}

export async function runCase(file: CaseFile, options: RunOptions): Promise<CaseResult> {
  const begun = options.now();
  const found = await judged(file, options);
  const seconds = (options.now() - begun) / 1000;
  const bad: Outcome =
    found.errors.length > 0 || found.rows.some(({ outcome }) => outcome === 'error')
      ? 'error'
      : found.rows.some(({ outcome }) => outcome === 'failed')
        ? 'failed'
        : 'passed';
  return { file, seconds, outcome: bad, ...found };
}

type Judged = Omit<CaseResult, 'file' | 'seconds' | 'outcome'>;

async function judged(file: CaseFile, options: RunOptions): Promise<Judged> {
  const words = wordsOf(file);
  const nothing: Judged = { rows: [], errors: file.errors, issues: [], words, coverage: [], namespaces: [] };
  const missing = missingInputs(file);
  if (file.errors.length > 0 || missing.length > 0)
    return { ...nothing, errors: [...file.errors, ...missing] };
  if (asksNothing(file)) return { ...nothing, errors: [emptyError(file)] };
  if (words.length === 0 && !file.state) return { ...nothing, errors: [bareError(file)] };
  const inputs = await readInputs(words, file, options.limits);
  const unusable = inputs.issues.filter(({ severity }) => severity === 'error');
  if (unusable.length > 0)
    return { ...nothing, errors: unusable.map((issue) => unusableError(issue, file)), issues: inputs.issues };
  const built = await buildCaseState(inputs);
  const told = [...inputs.issues, ...inputs.dumps.flatMap(({ dump }) => dump.issues), ...built.issues];
  const state = changedState(built, file.setup);
  if ('text' in state) return { ...nothing, errors: [state], issues: told };
  const lines = refusedLines(inputs, file);
  const coverage = new RuleCoverage(state.snapshot);
  const wanted = options.wants ?? (() => true);
  const packets = file.packets.filter(({ text }) => wanted(text));
  const rows = packets.map((row) => runPacket(row, state, coverage, options));
  const ran = needsAnalysis(file) ? await analyseCaptures(inputs, file, coverage, wanted) : undefined;
  return {
    ...nothing,
    rows: [...rows, ...(ran?.rows ?? []), ...lines.rows],
    errors: lines.errors,
    issues: told,
    coverage: coverage.rules,
    namespaces: [...state.topology.namespaces.values()].map(({ name, container }) => ({
      name,
      ...(container !== undefined && { container }),
    })),
    ...(ran && { analysis: ran.analysed.analysis }),
  };
}

/** As the command line would name them: from where the file lies. `NS:IFACE=FILE` is about a file as well. */
export function wordsOf({ path, inputs, state }: CaseFile): string[] {
  const folder = dirname(path);
  if (!inputs) return inputsBeside(path, state !== undefined);
  return inputs.map(({ value }) => {
    const [, place = '', file = value] = /^([^:=/\\]+(?:\/[^:=/\\]+)?:[^:=/\\\s]*=)?(.+)$/s.exec(value) ?? [];
    return `${place}${isAbsolute(file) ? file : join(folder, file)}`;
  });
}

function missingInputs({ path, inputs = [] }: CaseFile): CaseError[] {
  return inputs.flatMap(({ value, place }) => {
    const file = value.replace(/^[^:=/\\]+(?:\/[^:=/\\]+)?:[^:=/\\\s]*=/, '');
    const at = resolve(dirname(path), file);
    if (existsSync(at)) return [];
    const beside = existsSync(dirname(at)) ? readdirSync(dirname(at)) : [];
    const near = nearest(basename(at), beside);
    const guess = near === undefined ? '' : `Did you mean ${join(dirname(file), near)}? `;
    return [
      {
        ...place,
        text: `there is no file ${quote(relative('', at))}`,
        hint: `${guess}Inputs are named from the folder of the case.`,
      },
    ];
  });
}

function asksNothing({ packets, flows, emptyFlows, findings, never, refused }: CaseFile): boolean {
  return packets.length + flows.length + never.length + refused.length === 0 && !findings && !emptyFlows;
}

function emptyError({ path }: CaseFile): CaseError {
  return {
    ...{ path, line: 1, column: 1, text: 'nothing is expected here' },
    hint: 'Write what becomes of packets, flows or findings, such as\npackets:\n  - from red to 8.8.8.8:443/tcp: delivered',
  };
}

function bareError({ path }: CaseFile): CaseError {
  return {
    ...{ path, line: 1, column: 1, text: 'the case has no inputs' },
    hint: 'Put rulesets, dumps or captures beside it, or name them: `inputs: [../router.rules]`.',
  };
}

function unusableError({ path, line, text }: Issue, file: CaseFile): CaseError {
  return { path: path ?? file.path, line: line ?? 1, column: 1, text };
}
