/** The rules of all cases together, file by file: the same file may be of several cases. */
import { realpathSync } from 'node:fs';
import type { CaseResult } from '../run/result.ts';
import type { CoveredRule } from './coverage.ts';

export interface CoveredFile {
  readonly path: string;
  /** In order of their lines. */
  readonly rules: readonly CoveredRule[];
  /** Of the rules, without policies. */
  readonly total: number;
  readonly hit: number;
  readonly percent: number;
}

export interface CoverageSummary {
  readonly files: readonly CoveredFile[];
  readonly rules: number;
  readonly hit: number;
  /** With one decimal, rounded down: 100 is all of them. */
  readonly percent: number;
  /** What has to be reached. */
  readonly threshold?: number;
}

export function coverageOf(results: readonly CaseResult[], threshold?: number): CoverageSummary {
  const files = new Map<string, { path: string; rules: Map<string, CoveredRule> }>();
  for (const { coverage } of results)
    for (const rule of coverage) {
      const key = realPath(rule.path);
      const file = files.get(key) ?? { path: rule.path, rules: new Map() };
      files.set(key, file);
      const at = `${rule.line} ${rule.name}`;
      const known = file.rules.get(at);
      if (known) known.hits += rule.hits;
      else file.rules.set(at, { ...rule });
    }
  const covered = [...files.values()]
    .map(({ path, rules }) =>
      fileOf(
        path,
        [...rules.values()].toSorted((a, b) => a.line - b.line),
      ),
    )
    .filter(({ total }) => total > 0)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const rules = covered.reduce((sum, { total }) => sum + total, 0);
  const hit = covered.reduce((sum, file) => sum + file.hit, 0);
  return {
    files: covered,
    rules,
    hit,
    percent: percentOf(hit, rules),
    ...(threshold !== undefined && { threshold }),
  };
}

function fileOf(path: string, rules: readonly CoveredRule[]): CoveredFile {
  const counted = rules.filter(({ policy }) => !policy);
  const hit = counted.filter(({ hits }) => hits > 0).length;
  return { path, rules, total: counted.length, hit, percent: percentOf(hit, counted.length) };
}

function percentOf(hit: number, of: number): number {
  return of === 0 ? 100 : Math.floor((hit / of) * 1000) / 10;
}

export function isEnough({ percent, threshold }: CoverageSummary): boolean {
  return threshold === undefined || percent >= threshold;
}

/** A file may be named by several ways; one in an archive has no path of its own. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
