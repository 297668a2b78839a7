/**
 * Gives the terminal back as it was when this process can't do it any more: killed outright, or out of memory. A shell
 * waits on a pipe that ends with the process, and acts unless it was told that the screen was left in order.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { programFolders } from '../collect/trusted.ts';

/** Mouse off, cursor shown, keypad and scrolling region as before, no colours, the other screen (xterm's control sequences; terminfo: rmcup, cnorm, sgr0). */
const RESTORE =
  '\\033[?1000l\\033[?1002l\\033[?1003l\\033[?1005l\\033[?1006l\\033[?1015l\\033[?25h\\033[?1l\\033>\\033[r\\033[0m\\033[?1049l';

/** `$1`: the line settings. The terminal is its standard output. */
const SCRIPT = `read -r word || { printf '${RESTORE}'; stty "$1" <&1; }`;

export class Guard {
  readonly #child: ChildProcess | undefined;

  /** Before the screen is entered; `terminal`: its descriptor. */
  constructor(terminal: number) {
    const env = { PATH: programFolders(process.env.PATH, process.geteuid?.() === 0).join(':') };
    const { stdout, status } = spawnSync('stty', ['-g'], { env, stdio: [terminal, 'pipe', 'ignore'] });
    const settings = status === 0 ? stdout.toString().trim() : 'sane';
    // A session of its own: what ends this one, or stops it, doesn't reach it.
    this.#child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', settings], {
      env,
      detached: true,
      stdio: ['pipe', terminal, 'ignore'],
    });
    // Without a shell nobody guards.
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
    this.#child.unref();
    (this.#child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  }

  /** The terminal is as it was. */
  left(): void {
    this.#child?.stdin?.end('left\n');
  }
}
