/** A bundle that is there already, a folder or an archive, laid out in a folder: its files as they are below `manifest.json`. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Issue } from '../../base/issue.ts';
import { DEFAULT_LIMITS, type InputLimits } from '../../base/limits.ts';
import { openFile } from '../../capture/open.ts';
import { peek } from '../../capture/source.ts';
import { isTar, readArchive } from '../../input/archive.ts';
import { walkDirectory } from '../../input/directory.ts';
import { bundleRoots } from '../../input/layout.ts';

export interface Source {
  readonly folder: string;
  readonly issues: readonly Issue[];
}

/** `into`: an empty folder for what an archive holds. An Issue when it is no bundle. */
export async function bundleFolder(
  path: string,
  into: string,
  limits: InputLimits = DEFAULT_LIMITS,
): Promise<Source | Issue> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return fault(path, 'there is no such file');
  if (stat.isDirectory()) {
    const { files, issues } = walkDirectory(path, limits);
    const [root = ''] = bundleRoots(files.map(({ name }) => name));
    return { folder: join(path, root), issues };
  }
  const source = openFile(path, undefined, limits);
  if (!('read' in source)) return source;
  const { head, source: whole } = await peek(source, 512);
  if (!isTar(head)) {
    whole.close();
    return fault(path, 'neither a folder nor a tar archive');
  }
  const { files, issues } = await readArchive(path, whole, limits);
  const [root = ''] = bundleRoots(files.map(({ name }) => name));
  for (const { name, bytes } of files) {
    const inner = root === '' ? name : name.startsWith(`${root}/`) ? name.slice(root.length + 1) : undefined;
    if (inner === undefined) continue;
    const target = join(into, inner);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, bytes, { mode: 0o600 });
  }
  return { folder: into, issues };
}

function fault(path: string, text: string): Issue {
  return { severity: 'error', code: 'bundle-unusable', text, path };
}
