import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Issue } from '../base/issue.ts';
import { type InputLimits, limitIssue } from '../base/limits.ts';

export interface FoundFile {
  readonly path: string;
  /** Relative to the directory, with `/`. */
  readonly name: string;
}

/**
 * Every regular file below a directory, sorted by path. Links are followed only to files that lie inside it; pipes,
 * devices and sockets are never opened; hidden files and folders (`.git`, `.DS_Store`) are passed over.
 */
export function walkDirectory(root: string, limits: InputLimits): { files: FoundFile[]; issues: Issue[] } {
  const files: FoundFile[] = [];
  const issues: Issue[] = [];
  const warn = (path: string, code: string, text: string): void => {
    issues.push({ severity: 'warning', code, text, path });
  };
  const inside = `${realpathSync(root)}${sep}`;
  let isFull = false;
  const visit = (folder: string, prefix: string, depth: number): void => {
    let entries: Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      issues.push(unreadable(folder, error));
      return;
    }
    for (const entry of entries.sort((a, b) => compareNames(a.name, b.name))) {
      if (entry.name.startsWith('.')) continue;
      if (files.length >= limits.directoryFiles) {
        isFull = true;
        return;
      }
      const path = join(folder, entry.name);
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < limits.directoryDepth) visit(path, name, depth + 1);
        else
          issues.push(
            limitIssue('directoryDepth', limits, `folder ${depth + 1} inside another`, 'it is not read', {
              path,
            }),
          );
      } else if (entry.isFile()) files.push({ path, name });
      else if (entry.isSymbolicLink()) {
        if (leadsToFile(path, inside)) files.push({ path, name });
        else
          warn(
            path,
            'link-not-followed',
            'a link that does not lead to a file inside the directory; not read',
          );
      } else warn(path, 'not-a-file', 'a device, pipe or socket inside a directory; not read');
    }
  };
  visit(root, '', 1);
  if (isFull) {
    const found = `it has more than ${files.length} files`;
    issues.push(limitIssue('directoryFiles', limits, found, 'the others are not read', { path: root }));
  }
  return { files, issues };
}

function leadsToFile(path: string, inside: string): boolean {
  try {
    const target = realpathSync(path);
    return target.startsWith(inside) && statSync(target).isFile();
  } catch {
    return false;
  }
}

/** `host` before the others, so that reports and numbering begin with it; then by name. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  if (a === 'host') return -1;
  if (b === 'host') return 1;
  return a < b ? -1 : 1;
}

export function unreadable(path: string, error: unknown): Issue {
  const code = (error as NodeJS.ErrnoException).code;
  const text =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'no such file or directory'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied; run as a user who may read it'
        : (error as Error).message;
  return {
    severity: 'error',
    code: code === 'ENOENT' || code === 'ENOTDIR' ? 'input-missing' : 'input-unreadable',
    text,
    path,
  };
}
