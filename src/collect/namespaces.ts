/** Every network namespace that can be found: the root one, those with a name (ip-netns(8)), containers', and those that processes hold. */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Container } from './engines.ts';
import type { Host } from './host.ts';

export interface FoundNamespace {
  /** Its folder in the bundle. */
  readonly name: string;
  /** What nsenter takes; undefined: the one that the collector itself runs in. */
  readonly path: string | undefined;
  readonly inode: number;
  /** The lowest of its processes. */
  readonly pid?: number;
  readonly container?: string;
  /** `ip netns`. */
  readonly named?: string;
  readonly netnsid?: number;
}

export interface Found {
  readonly namespaces: readonly FoundNamespace[];
  /** What stays unseen, and why. */
  readonly notes: readonly string[];
}

/** Which namespace is called host: that of process 1, or the one that the collector was started in. */
export type HostChoice = 'init' | 'own';

const NAMED = '/run/netns';

export function findNamespaces(
  host: Host,
  containers: readonly Container[],
  choice: HostChoice,
  netnsids: ReadonlyMap<number, number>,
): Found {
  const notes: string[] = [];
  const own = inodeOf('/proc/self/ns/net') ?? 0;
  const first = inodeOf('/proc/1/ns/net');
  const holders = processesByNamespace(host);
  const root = choice === 'init' ? (first ?? own) : own;
  const names = new Set(['host']);
  const found = new Map<number, FoundNamespace>();
  const add = (
    inode: number,
    wanted: string,
    path: string | undefined,
    more: Partial<FoundNamespace>,
  ): void => {
    const pid = holders.pids.get(inode);
    const netnsid = netnsids.get(inode);
    found.set(inode, {
      name: inode === root ? 'host' : unique(folderName(wanted), names),
      path: inode === own ? undefined : path,
      inode,
      ...(pid === undefined ? {} : { pid }),
      ...(netnsid === undefined || inode === root ? {} : { netnsid }),
      ...more,
    });
  };
  add(root, 'host', '/proc/1/ns/net', {});
  for (const name of listed(NAMED)) {
    const path = `${NAMED}/${name}`;
    const inode = inodeOf(path);
    if (inode === undefined || !isNamespace(path)) continue;
    if (!found.has(inode)) add(inode, name, path, { named: name });
  }
  for (const { pid, name } of containers) {
    const inode = pid === undefined ? undefined : inodeOf(`/proc/${pid}/ns/net`);
    if (pid === undefined || inode === undefined || inode === root) continue;
    const known = found.get(inode);
    if (known) found.set(inode, { ...known, container: known.container ?? name, pid: known.pid ?? pid });
    else add(inode, name, `/proc/${pid}/ns/net`, { container: name, pid });
  }
  for (const [inode, pid] of holders.pids) {
    if (found.has(inode)) continue;
    const command = host.read(`/proc/${pid}/comm`)?.trim() ?? '';
    add(inode, command === '' ? `pid-${pid}` : `${command}-${pid}`, `/proc/${pid}/ns/net`, {});
  }
  if (holders.hidden > 0 && !host.root) {
    const many = holders.hidden === 1 ? '1 process is' : `${holders.hidden} processes are`;
    notes.push(`${many} another user's: in which namespace, only root sees`);
  }
  return { namespaces: [...found.values()], notes };
}

/** Whether the namespace is there still: a name may be taken away, or another one's by now. */
export function isThere({ path, inode }: FoundNamespace): boolean {
  return path === undefined || inodeOf(path) === inode;
}

/** Names that there are (ip-netns(8)). */
export function namedNamespaces(): readonly string[] {
  return listed(NAMED);
}

/** The lowest process of each namespace, but for what was started here; `hidden` are those whose namespace may not be seen. */
function processesByNamespace(host: Host): { pids: Map<number, number>; hidden: number } {
  const pids = new Map<number, number>();
  let hidden = 0;
  for (const pid of listed('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)) {
    let link: string;
    try {
      link = readlinkSync(`/proc/${pid}/ns/net`);
    } catch (error) {
      // Kernel threads and processes that just ended have none.
      if ((error as NodeJS.ErrnoException).code === 'EACCES') hidden++;
      continue;
    }
    const inode = Number(/^net:\[(\d+)\]$/.exec(link)?.[1]);
    if (Number.isInteger(inode) && !pids.has(inode) && !host.isOurs(pid)) pids.set(inode, pid);
  }
  return { pids, hidden };
}

/** `lsns`: inode → id as the root namespace sees it. */
export function netnsidsOf(text: string): Map<number, number> {
  const ids = new Map<number, number>();
  for (const line of text.split('\n')) {
    const [inode, id] = line.trim().split(/\s+/).map(Number);
    if (inode !== undefined && id !== undefined && Number.isInteger(inode) && Number.isInteger(id))
      ids.set(inode, id);
  }
  return ids;
}

export const LSNS = 'lsns -rn -t net -o NS,NETNSID';

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

/** A name whose namespace is gone is left as an empty file on another file system. */
function isNamespace(path: string): boolean {
  try {
    return statSync(path).dev === statSync('/proc/self/ns/net').dev;
  } catch {
    return false;
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Folders that begin with a dot are passed over by readers; everything else of a name stays, but what shells and paths take amiss. */
export function folderName(name: string): string {
  const plain = name.replace(/[^\w.@:+-]/g, '_').replace(/^[.-]+/, '');
  return plain === '' ? 'unnamed' : plain.slice(0, 100);
}

function unique(name: string, taken: Set<string>): string {
  let result = name;
  for (let number = 2; taken.has(result); number++) result = `${name}-${number}`;
  taken.add(result);
  return result;
}
