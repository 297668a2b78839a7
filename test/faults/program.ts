/** The program as a process that something happens to, and places where things go wrong. */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const LAUNCHER = resolve('bin/nettrace.js');
export const isRoot = process.geteuid?.() === 0;
/** A flow that fails, with captures and dumps. */
export const BUNDLE = resolve('captures/docker-forward-off-dnat/bundle');
export const RULES = join(BUNDLE, 'namespaces/host/iptables-save.txt');
export const CAPTURE = join(BUNDLE, 'captures/host/eth0.pcap');

/** What is built of newer sources, is so before anything goes wrong: the launcher looks at each action that is named. */
const actions = readdirSync('src/cli/actions').filter((name) => name.endsWith('.ts'));
nettrace(['help', ...actions.map((name) => name.replace('.ts', ''))]);

export interface Ended {
  /** As a shell has it: 128 and the number of a signal that ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function nettrace(words: readonly string[], options: SpawnSyncOptions = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, ...words], {
    ...options,
    encoding: 'utf8',
  });
  return { status, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
}

/** By a shell: `$NETTRACE` is the program. */
export function shell(script: string, options: SpawnSyncOptions = {}): Ended {
  const env = { ...process.env, ...options.env, NETTRACE: `${process.execPath} ${LAUNCHER}` };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { ...options, env, encoding: 'utf8' });
  return { status, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
}

export function scratch(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-faults-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A file system of so many KiB, mounted; only root may. */
export function smallDisk(
  parent: string,
  kibibytes: number,
  options = '',
): { readonly folder: string; remove(): void } {
  const folder = join(parent, `disk${kibibytes}`);
  mkdirSync(folder);
  const words = ['-t', 'tmpfs', '-o', `size=${kibibytes}k,mode=700${options}`, 'none', folder];
  const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return {
    folder,
    remove: () => {
      spawnSync('umount', ['-l', folder]);
    },
  };
}

/** What is in a folder, drafts among it. */
export function namesIn(folder: string): string[] {
  return readdirSync(folder).toSorted();
}

/** Command lines of processes that have a word among their environment: children of ours have it from us. */
export function processesWith(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}
