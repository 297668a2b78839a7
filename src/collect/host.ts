/** The live host as the collector sees it: programs that are run with an end to their time, and files of /proc that are read. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { shellWords } from '../base/shell.ts';
import { isTrusted, programFolders } from './trusted.ts';

export interface Ran {
  readonly output: string;
  /** First line of what it had to say on standard error. */
  readonly complaint: string;
  /** Undefined: it did not end in its time, or could not be run. */
  readonly status: number | undefined;
  readonly late: boolean;
}

/** Bytes of one answer. */
const MOST = 256 * 2 ** 20;
/** What steers Docker's and Podman's clients. Those that name folders, in which there may be programs, are root's own or none. */
const PASSED = /^(HOME|XDG_RUNTIME_DIR|DOCKER_\w+|CONTAINER_HOST)$/;
const FOLDERS: ReadonlySet<string> = new Set([
  'HOME',
  'XDG_RUNTIME_DIR',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
]);

export class Host {
  readonly root: boolean;
  readonly env: Readonly<Record<string, string>>;
  private readonly running = new Set<ChildProcess>();
  private readonly places = new Map<string, string | undefined>();
  private readonly modules = new Map<string, boolean>();
  private symbols: ReadonlySet<string> | undefined;
  /** For `readInside`: one file after the other. */
  private readonly block = Buffer.allocUnsafeSlow(1 << 20);

  /** `env`: the user's, of which PATH and what steers Docker's client are passed on, as far as root may believe it; messages are English, times UTC. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.root = process.geteuid?.() === 0;
    const passed = Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && PASSED.test(name) && !(this.root && FOLDERS.has(name) && !isTrusted(value))
        ? [[name, value] as const]
        : [],
    );
    const path = programFolders(env.PATH, this.root).join(':');
    this.env = { ...Object.fromEntries(passed), PATH: path, LC_ALL: 'C', TZ: 'UTC' };
  }

  /** Where a program is. */
  which(tool: string): string | undefined {
    if (!this.places.has(tool)) {
      const found = (this.env.PATH ?? '')
        .split(':')
        .map((folder) => join(folder, tool))
        .find(isExecutable);
      this.places.set(tool, found);
    }
    return this.places.get(tool);
  }

  /** In the kernel, loaded or built in. Where nothing tells, it counts as absent: asking for it would load it. */
  hasModule(name: string): boolean {
    const known = this.modules.get(name);
    if (known !== undefined) return known;
    const has =
      exists(`/sys/module/${name}`) ||
      new RegExp(`^${name} `, 'm').test(this.read('/proc/modules') ?? '') ||
      this.builtIn(name);
    this.modules.set(name, has);
    return has;
  }

  private builtIn(name: string): boolean {
    const symbol = KERNEL_SYMBOLS[name];
    if (symbol === undefined) return false;
    this.symbols ??= kernelSymbols(new Set(Object.values(KERNEL_SYMBOLS)));
    return this.symbols.has(symbol);
  }

  read(path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  }

  /**
   * A small file below a directory that somebody else may have filled: no link is followed, so that none leads out of it, and
   * nothing but a regular file is opened.
   */
  readInside(root: string, folder: string, name: string): string | undefined {
    try {
      const follow = root === '' ? 0 : constants.O_NOFOLLOW;
      // By its descriptor: the folder may be a link a moment later.
      const within = openSync(join(root, folder), constants.O_RDONLY | constants.O_DIRECTORY | follow);
      try {
        return this.readPlain(`/proc/self/fd/${within}/${name}`, follow);
      } finally {
        closeSync(within);
      }
    } catch {
      return undefined;
    }
  }

  private readPlain(path: string, follow: number): string | undefined {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | follow);
    try {
      if (!fstatSync(file).isFile()) return undefined;
      return this.block.toString('utf8', 0, readSync(file, this.block, 0, this.block.length, 0));
    } finally {
      closeSync(file);
    }
  }

  /** Words in front of a command's own that run it in the namespace behind this nsfs file. */
  static into(path: string | undefined): readonly string[] {
    return path === undefined ? [] : ['nsenter', `--net=${path}`];
  }

  /** Runs one command to its end, for at most `seconds`. */
  run(words: readonly string[], seconds: number, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return new Promise((resolve) => {
      const child = this.start(words, env);
      const chunks: Buffer[] = [];
      let size = 0;
      let complaint = '';
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        kill(child, 'SIGKILL');
      }, seconds * 1000);
      child.stdout?.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST) kill(child, 'SIGKILL');
        else chunks.push(chunk);
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        if (complaint.length < 4096) complaint += chunk.toString('utf8');
      });
      const done = (status: number | undefined): void => {
        clearTimeout(timer);
        this.running.delete(child);
        const output = Buffer.concat(chunks).toString('utf8');
        resolve({ output, complaint: firstLine(complaint), status, late });
      };
      child.on('error', (error) => {
        complaint = error.message;
        done(undefined);
      });
      child.on('close', (code) => done(code ?? undefined));
    });
  }

  /** In a group of its own: Ctrl-C at the terminal reaches the collector alone, which ends its children in order. */
  start(
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input: 'ignore' | 'pipe' = 'ignore',
  ): ChildProcess {
    const [tool = '', ...rest] = words;
    const child = spawn(this.which(tool) ?? tool, rest, {
      stdio: [input, 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      env: { ...this.env, ...env },
    });
    this.running.add(child);
    child.on('close', () => this.running.delete(child));
    return child;
  }

  /** It runs for this host: no process of its own. */
  isOurs(pid: number): boolean {
    for (const child of this.running) if (child.pid === pid) return true;
    return false;
  }

  /** Ends whatever still runs, at once. */
  killAll(): void {
    for (const child of this.running) kill(child, 'SIGKILL');
  }
}

/** Also what it started. */
export function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** A function of each module that tells a built-in one, by /proc/kallsyms. */
export const KERNEL_SYMBOLS: Readonly<Record<string, string>> = {
  ipv6: 'ipv6_rcv',
  nf_tables: 'nf_tables_newtable',
  nf_conntrack: 'nf_conntrack_in',
  nf_conntrack_netlink: 'ctnetlink_dump_table',
  ip_set: 'ip_set_net_init',
  inet_diag: 'inet_diag_handler_cmd',
  tcp_diag: 'tcp_diag_dump',
  udp_diag: 'udp_diag_dump',
};

/**
 * Which of these the kernel has. /proc/kallsyms has six megabytes, which are read in small blocks: `live` would keep them, and the memory
 * allocator of the C library keeps blocks up to the largest that was ever given back.
 */
function kernelSymbols(wanted: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  try {
    const file = openSync('/proc/kallsyms', constants.O_RDONLY);
    try {
      const block = Buffer.allocUnsafeSlow(1 << 16);
      let rest = '';
      for (let size = readSync(file, block); size > 0; size = readSync(file, block)) {
        const text = rest + block.toString('latin1', 0, size);
        const end = text.lastIndexOf('\n') + 1;
        for (const symbol of wanted)
          if (text.includes(` ${symbol}\n`) || text.includes(` ${symbol}\t`)) found.add(symbol);
        rest = text.slice(end);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    // Not for everybody: then nothing tells.
  }
  return found;
}

export function commandWords(command: string): string[] {
  return shellWords(command);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

export function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('WARNING')) ?? '';
}
