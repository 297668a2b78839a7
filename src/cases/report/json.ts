/** `nettrace test --format json`: schema nettrace-test/1. */
import type { CoverageSummary } from '../coverage/files.ts';
import type { CaseResult, RowResult } from '../run/result.ts';
import { type Summary, summaryOf } from './summary.ts';

export interface TestReport {
  schema: 'nettrace-test/1';
  summary: Summary;
  cases: TestCase[];
  coverage?: CoverageReport;
}

interface TestCase {
  name: string;
  path: string;
  outcome: CaseResult['outcome'];
  seconds: number;
  inputs: string[];
  errors: { path: string; line: number; column: number; text: string; hint?: string }[];
  rows: TestRow[];
}

type TestRow = Omit<RowResult, 'place' | 'update' | 'flow'> & {
  line: number;
  column: number;
  flow?: number;
};

export interface CoverageReport {
  schema: 'nettrace-coverage/1';
  rules: number;
  hit: number;
  percent: number;
  threshold?: number;
  files: {
    path: string;
    rules: number;
    hit: number;
    percent: number;
    lines: { line: number; rule: string; text: string; hits: number; policy?: true }[];
  }[];
}

export function testJson(results: readonly CaseResult[], coverage?: CoverageSummary): TestReport {
  return {
    schema: 'nettrace-test/1',
    summary: summaryOf(results),
    cases: results.map(({ file, outcome, seconds, words, errors, rows }) => ({
      name: file.name,
      path: file.path,
      outcome,
      seconds,
      inputs: [...words],
      errors: errors.map((error) => ({ ...error })),
      rows: rows.map(rowJson),
    })),
    ...(coverage && { coverage: coverageJson(coverage) }),
  };
}

/** The path of what is as expected would only be long. */
function rowJson({ place, update: _update, flow, there, back, ...row }: RowResult): TestRow {
  const path = row.outcome === 'passed' ? {} : { ...(there && { there }), ...(back && { back }) };
  return { ...row, ...path, line: place.line, column: place.column, ...(flow && { flow: flow.id }) };
}

export function coverageJson({ rules, hit, percent, threshold, files }: CoverageSummary): CoverageReport {
  return {
    schema: 'nettrace-coverage/1',
    ...{ rules, hit, percent },
    ...(threshold !== undefined && { threshold }),
    files: files.map((file) => ({
      path: file.path,
      rules: file.total,
      hit: file.hit,
      percent: file.percent,
      lines: file.rules.map(({ line, name, text, hits, policy }) => ({
        ...{ line, rule: name, text, hits },
        ...(policy && { policy: true as const }),
      })),
    })),
  };
}
