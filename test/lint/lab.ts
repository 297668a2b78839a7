/** Lints rules given as text, with whatever else is known of the host pasted behind them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InputSet } from '../../src/input/input.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { spanOf } from '../../src/lint/finding.ts';
import { type LintOptions, type LintResult, lint } from '../../src/lint/lint.ts';
import { scopesOf } from '../../src/lint/scope.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import type { Ruleset } from '../../src/xtables/rule.ts';

/** Files by name. */
export async function lintFiles(
  files: Readonly<Record<string, string>>,
  options: LintOptions = {},
): Promise<LintResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-lint-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await lintPaths(
      Object.keys(files).map((name) => join(folder, name)),
      options,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function lintPaths(paths: readonly string[], options: LintOptions = {}): Promise<LintResult> {
  const { inputs, snapshot } = await readPaths(paths);
  return lint(inputs, snapshot, options);
}

/** The same, and the rulesets that it looked at. */
export async function lintOf(path: string): Promise<LintResult & { readonly rulesets: readonly Ruleset[] }> {
  const { inputs, snapshot } = await readPaths([path]);
  const rulesets = scopesOf(inputs, snapshot).flatMap((scope) => scope.rulesets);
  return { ...lint(inputs, snapshot), rulesets };
}

async function readPaths(paths: readonly string[]): Promise<{ inputs: InputSet; snapshot: Snapshot }> {
  const inputs = await resolveInputs(paths, { ignoreUnknown: true });
  return { inputs, snapshot: buildSnapshot(inputs).snapshot };
}

/** `*filter … COMMIT` around rules; the chains' lines are made of what the rules name. */
export function table(rules: string, { name = 'filter', policies = '' } = {}): string {
  const builtin =
    {
      filter: 'INPUT FORWARD OUTPUT',
      nat: 'PREROUTING INPUT OUTPUT POSTROUTING',
      raw: 'PREROUTING OUTPUT',
      mangle: 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
    }[name] ?? '';
  const lines = rules
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const own = new Set(lines.flatMap((line) => /^-A (\S+)/.exec(line)?.[1] ?? []));
  const chains = [...new Set([...builtin.split(' '), ...own])].map((chain) => {
    const policy = builtin.split(' ').includes(chain)
      ? (new RegExp(`\\b${chain}=(\\w+)`).exec(policies)?.[1] ?? 'ACCEPT')
      : '-';
    return `:${chain} ${policy} [0:0]`;
  });
  return [`*${name}`, ...chains, ...lines, 'COMMIT', ''].join('\n');
}

/** `id@line text of the rule`, sorted as told. */
export function told(result: LintResult): string[] {
  return result.findings.map(
    ({ id, at }) => `${id} ${'rule' in at ? at.rule.text : `line ${spanOf(at).line}`}`,
  );
}

export function ids(result: LintResult): string[] {
  return [...new Set(result.findings.map(({ id }) => id))].toSorted();
}

export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
