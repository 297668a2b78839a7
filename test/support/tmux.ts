/** A terminal that a test can type into and look at: tmux, with a server of its own. */
import { spawnSync } from 'node:child_process';

export const hasTmux = spawnSync('sh', ['-c', 'command -v tmux']).status === 0;

/** Milliseconds between two looks: each is a process of its own. */
const LOOK = 120;

export interface TmuxOptions {
  readonly width: number;
  readonly height: number;
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the terminal's own making: what TERM says within. */
  readonly terminal?: string;
  readonly cwd?: string;
}

export class Tmux {
  static #count = 0;
  readonly #socket = `nettrace${process.pid}x${++Tmux.#count}`;

  /** `command`: for a shell. What it leaves on the terminal stays, with its status: `ended 0`. */
  constructor(command: string, { width, height, env = {}, terminal = 'tmux-256color', cwd }: TmuxOptions) {
    const words = Object.entries({ LANG: 'C.UTF-8', TERM: terminal, ...env }).map(
      ([name, value]) => `${name}='${value}'`,
    );
    this.#run([
      ...['-f', '/dev/null', 'new-session', '-d', '-x', String(width), '-y', String(height)],
      ...(cwd === undefined ? [] : ['-c', cwd]),
      `unset NO_COLOR COLORTERM; env ${words.join(' ')} ${command}; echo "ended $?"; exec sleep 1000`,
    ]);
    // Copied text can be read back then; the size is the test's alone.
    this.#run(['set', '-s', 'set-clipboard', 'on']);
    this.#run(['set', '-g', 'window-size', 'manual']);
  }

  #run(words: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-L', this.#socket, ...words], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** What is on it, a line each, without colours. */
  lines(): string[] {
    return this.#run(['capture-pane', '-p']).replace(/\n$/, '').split('\n');
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** With its escape sequences. */
  painted(): string {
    return this.#run(['capture-pane', '-p', '-e', '-N']);
  }

  /** As tmux names keys: `Enter`, `C-c`, `PageDown`, or characters. */
  keys(...names: readonly string[]): void {
    this.#run(['send-keys', ...names]);
  }

  type(text: string): void {
    this.#run(['send-keys', '-l', text]);
  }

  /** A press of the first button, columns and rows from 0 (xterm's SGR mouse reports). */
  click(x: number, y: number): void {
    this.type(`\x1b[<0;${x + 1};${y + 1}M`);
    this.type(`\x1b[<0;${x + 1};${y + 1}m`);
  }

  wheel(x: number, y: number, way: 'up' | 'down'): void {
    this.type(`\x1b[<${way === 'up' ? 64 : 65};${x + 1};${y + 1}M`);
  }

  resize(width: number, height: number): void {
    this.#run(['resize-window', '-x', String(width), '-y', String(height)]);
  }

  /** `/dev/pts/4` */
  device(): string {
    return this.#run(['display', '-p', '#{pane_tty}']).trim();
  }

  clipboard(): string {
    return this.#run(['show-buffer']);
  }

  /** Whether the other screen, the mouse and the cursor are on. */
  modes(): { readonly alternate: boolean; readonly mouse: boolean; readonly cursor: boolean } {
    const [alternate, mouse, cursor] = this.#run([
      'display',
      '-p',
      '#{alternate_on} #{mouse_any_flag} #{cursor_flag}',
    ])
      .trim()
      .split(' ')
      .map((flag) => flag === '1') as [boolean, boolean, boolean];
    return { alternate, mouse, cursor };
  }

  /** Epoch milliseconds when what is on it first matched. */
  async until(what: RegExp | ((text: string) => boolean), seconds = 45): Promise<number> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const text = this.text();
      const now = Date.now();
      if (typeof what === 'function' ? what(text) : what.test(text)) return now;
      if (now > deadline) throw new Error(`${what} did not come within ${seconds} s:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  end(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }
}
