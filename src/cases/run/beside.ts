/** Cases among folders, and what belongs to each of them. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Issue } from '../../base/issue.ts';
import { unreadable } from '../../input/directory.ts';

/** `expect.yaml`, `gateway.expect.yaml`; of one name in several forms the first of these. */
const CASE = /^(?:(.+)\.)?expect\.(yaml|yml|json)$/is;
const FORMS = ['yaml', 'yml', 'json'];
const PASSED_OVER = new Set(['node_modules']);

/** The files of cases in folders, and below them, in order of their paths; a file that is named is one whatever it is called. */
export function findCases(paths: readonly string[]): { files: string[]; issues: Issue[] } {
  const files: string[] = [];
  const issues: Issue[] = [];
  for (const path of paths) {
    try {
      if (statSync(path).isDirectory()) visit(path === '.' ? '' : path, files);
      else files.push(path);
    } catch (error) {
      issues.push(unreadable(path, error));
    }
  }
  return { files: [...new Set(files)], issues };
}

function visit(folder: string, files: string[]): void {
  const entries = entriesOf(folder);
  files.push(...casesAmong(entries).map((name) => join(folder, name)));
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || PASSED_OVER.has(entry.name)) continue;
    visit(join(folder, entry.name), files);
  }
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function casesAmong(entries: readonly Dirent[]): string[] {
  const byStem = new Map<string, string>();
  for (const { name } of entries) {
    const match = CASE.exec(name);
    if (!match) continue;
    const stem = match[1] ?? '';
    const known = byStem.get(stem);
    if (known === undefined || rank(name) < rank(known)) byStem.set(stem, name);
  }
  return [...byStem.values()].sort();
}

function rank(name: string): number {
  return FORMS.indexOf(CASE.exec(name)?.[2]?.toLowerCase() ?? '');
}

/**
 * Of `expect.yaml` all that lies in its folder but notes, cases and folders that have cases of their own; of `gateway.expect.yaml` the
 * files `gateway.*`.
 */
export function inputsBeside(path: string, hasState: boolean): string[] {
  const folder = dirname(path);
  const own = CASE.exec(basename(path));
  const stem = own?.[1];
  const entries = entriesOf(folder).filter(
    ({ name }) =>
      !name.startsWith('.') && !CASE.test(name) && name !== basename(path) && !/\.(md|html?)$/i.test(name),
  );
  const mine = stem === undefined ? entries : entries.filter(({ name }) => name.startsWith(`${stem}.`));
  // A case with its state in itself needs nothing beside it.
  if (hasState && !own) return [];
  return mine
    .filter(
      (entry) =>
        !entry.isDirectory() || (!PASSED_OVER.has(entry.name) && !hasCases(join(folder, entry.name))),
    )
    .map(({ name }) => join(folder, name));
}

function hasCases(folder: string): boolean {
  const entries = entriesOf(folder);
  return (
    casesAmong(entries).length > 0 ||
    entries.some((entry) => entry.isDirectory() && hasCases(join(folder, entry.name)))
  );
}
