/**
 * What of its environment root believes. PATH, HOME and their like may be another user's (`sudo -E`, `su` without `-`): programs are run,
 * and settings that name programs are read, only from folders in which nobody but root can put anything.
 */
import { lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';

/** What root has and a user's shell may lack. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;

/** Nobody but root (to whom this process belongs) can change what the folder or file is, by it or by a folder above. */
export function isTrusted(path: string): boolean {
  if (!isAbsolute(path)) return false;
  try {
    return [path, realpathSync(path)].every(isTrustedChain);
  } catch {
    return false;
  }
}

function isTrustedChain(path: string): boolean {
  for (let part = path; ; part = dirname(part)) {
    const stat = lstatSync(part);
    if (!owners().has(stat.uid)) return false;
    // A link's own mode says nothing; what it leads to may be a link again.
    if (stat.isSymbolicLink()) {
      if (!isTrustedChain(resolve(realpathSync(dirname(part)), readlinkSync(part)))) return false;
    } else {
      if ((stat.mode & OTHERS_WRITE) !== 0) return false;
      if ((stat.mode & GROUP_WRITES) !== 0 && stat.gid !== 0) return false;
    }
    if (part === dirname(part)) return true;
  }
}

let known: ReadonlySet<number> | undefined;

/** Root, and in a user namespace (user_namespaces(7)) that has no root of the machine those whom it doesn't know. */
function owners(): ReadonlySet<number> {
  if (known) return known;
  const all = new Set([0]);
  try {
    const [inside, , count] = readFileSync('/proc/self/uid_map', 'latin1').trim().split(/\s+/).map(Number);
    if (inside !== 0 || count !== 0xffffffff)
      all.add(Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1')));
  } catch {
    // No /proc: root alone.
  }
  known = all;
  return all;
}

/** Folders for programs: those of PATH, of root's those that are trusted, and the usual ones. A relative one would be whoever's. */
export function programFolders(path: string | undefined, isRoot: boolean): string[] {
  const named = (path ?? '').split(':').filter((folder) => isAbsolute(folder));
  const believed = isRoot ? named.filter(isTrusted) : named;
  return [...new Set([...believed, ...SBIN])];
}
