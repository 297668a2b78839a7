/** One case: its inputs read once, its rows judged. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Issue } from '../../base/issue.ts';
import { nearest } from '../../base/nearest.ts';
import { analyze } from '../../diagnose/analyze.ts';
import type { InputSet } from '../../input/input.ts';
import { RuleCoverage } from '../coverage/coverage.ts';
import type { CaseError, CaseFile, FlowRow } from '../file/case-file.ts';
import { quote } from '../language/words.ts';
import { inputsBeside } from './beside.ts';
import {
  type Analysed,
  analysed,
  describeFlow,
  flowQuestion,
  flowsOf,
  judgeFlow,
  ruleOfFlow,
} from './flows.ts';
import type { Difference } from './judge.ts';
import { type JudgeOptions, runPacket } from './packets.ts';
import type { CaseResult, Outcome, RowResult } from './result.ts';
import { openState, readInputs } from './state.ts';

export interface RunOptions extends JudgeOptions {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** The rows that are wanted; without it all. */
  readonly wants?: (row: string) => boolean;
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
  const inputs = await readInputs(words, file);
  const unusable = inputs.issues.filter(({ severity }) => severity === 'error');
  if (unusable.length > 0)
    return { ...nothing, errors: unusable.map((issue) => unusableError(issue, file)), issues: inputs.issues };
  const { state, issues } = await openState(inputs, file);
  const told = [...inputs.issues, ...inputs.dumps.flatMap(({ dump }) => dump.issues), ...issues];
  if ('text' in state) return { ...nothing, errors: [state], issues: told };
  const coverage = new RuleCoverage(state.snapshot);
  const wanted = options.wants ?? (() => true);
  const packets = file.packets.filter(({ text }) => wanted(text));
  const rows = packets.map((row) => runPacket(row, state, coverage, options));
  const ran = needsAnalysis(file) ? await analyseCaptures(inputs, file, coverage, wanted) : undefined;
  return {
    ...nothing,
    rows: [...rows, ...(ran?.rows ?? [])],
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

function asksNothing({ packets, flows, findings, never }: CaseFile): boolean {
  return packets.length + flows.length + never.length === 0 && !findings;
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

function needsAnalysis({ flows, findings, never }: CaseFile): boolean {
  return flows.length + never.length > 0 || findings !== undefined;
}

async function analyseCaptures(
  inputs: InputSet,
  file: CaseFile,
  coverage: RuleCoverage,
  wanted: (row: string) => boolean,
): Promise<{ rows: RowResult[]; analysed: Analysed }> {
  const all = analysed(await analyze(inputs));
  for (const { predicted, predictedReply } of all.analysis.flows) {
    coverage.hops(predicted);
    coverage.hops(predictedReply ?? []);
  }
  const flows = file.flows.filter(({ text }) => wanted(text)).map((row) => runFlow(row, all));
  return { rows: [...flows, ...findingRows(file, all).filter(({ text }) => wanted(text))], analysed: all };
}

/** All flows that the row names have to be as it says. */
function runFlow(row: FlowRow, all: Analysed): RowResult {
  const { text, place, question, expected, expectedText, slot } = row;
  const base = { section: 'flows', text, place, assumptions: [], differences: [] } as const;
  const flows = flowsOf(question, all);
  if (typeof flows === 'string') return { ...base, outcome: 'error', error: { ...place, text: flows } };
  const [first] = flows;
  if (!first) {
    const error = { ...place, text: seenFlows(all) };
    return {
      ...base,
      outcome: 'failed',
      ...(expectedText !== undefined && { expected: expectedText }),
      found: 'no such flow',
      error,
    };
  }
  const judgedFlows = flows.map((flow) => ({
    flow,
    differences: expected ? judgeFlow(expected, flow, all) : [],
  }));
  const wrong = judgedFlows.find(({ differences }) => differences.length > 0);
  const flow = wrong?.flow ?? first;
  const found = describeFlow(flow, all, expected);
  const differences: readonly Difference[] = wrong?.differences ?? [];
  const rule = ruleOfFlow(flow, all);
  return {
    ...base,
    outcome: !expected ? 'error' : wrong ? 'failed' : 'passed',
    ...(expectedText !== undefined && { expected: expectedText }),
    found,
    differences,
    ...(!expected && {
      error: {
        ...place,
        text: 'nothing is expected of this flow',
        hint: `What holds: ${found}. nettrace test --update writes that.`,
      },
    }),
    ...(rule && { rule }),
    flow,
    ...((wrong || !expected) && { update: { slot, text: found } }),
  };
}

const MOST_SHOWN = 8;

function seenFlows({ analysis }: Analysed): string {
  const names = [...new Set(analysis.flows.map(flowQuestion))];
  if (names.length === 0) return 'the captures show no flow at all';
  const more = names.length > MOST_SHOWN ? `, and ${names.length - MOST_SHOWN} more` : '';
  return `the captures show ${names.slice(0, MOST_SHOWN).join(', ')}${more}`;
}

function findingRows({ findings, never }: CaseFile, { analysis }: Analysed): RowResult[] {
  const told = analysis.findings.filter(({ severity }) => severity !== 'info').map(({ cause }) => cause);
  const base = { assumptions: [], differences: [] } as const;
  const rows: RowResult[] = never.map(({ value, place }) => {
    const is = analysis.findings.some(({ cause, severity }) => cause === value && severity !== 'info');
    const row = { ...base, section: 'never', text: `never ${value}`, place } as const;
    if (!is) return { ...row, outcome: 'passed' };
    return {
      ...row,
      outcome: 'failed',
      expected: `no finding ${value}`,
      found: value,
      differences: [{ what: 'finding', expected: `no ${value}`, found: value }],
    };
  });
  if (!findings) return rows;
  const wanted = findings.causes.map(({ value }) => value.split(/\s+or\s+/));
  const lacking = wanted.filter((ids) => !ids.some((id) => told.includes(id))).map((ids) => ids.join(' or '));
  const extra = [...new Set(told)].filter((id) => !wanted.some((ids) => ids.includes(id)));
  const differences = [
    ...lacking.map((id) => ({ what: 'finding', expected: id, found: 'no such finding' })),
    ...extra.map((id) => ({ what: 'finding', expected: `no ${id}`, found: id })),
  ];
  const list = [...new Set(told)];
  const { slot } = findings;
  rows.push({
    ...base,
    section: 'findings',
    text: 'findings',
    place: findings.place,
    outcome: differences.length > 0 ? 'failed' : 'passed',
    expected: wanted.map((ids) => ids.join(' or ')).join(', ') || 'none',
    found: list.join(', ') || 'none',
    differences,
    ...(differences.length > 0 &&
      slot && { update: { slot, text: list.length > 0 ? `[${list.join(', ')}]` : 'none' } }),
  });
  return rows;
}
