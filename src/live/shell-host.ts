/**
 * A host whose short commands are run by shells that stay: to start a program this one is copied, tables of its memory and all, and
 * waits for it, while packets come. A shell is copied in no time.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { shellWord } from '../base/shell.ts';
import { firstLine, Host, kill, type Ran } from '../collect/host.ts';

/** Shells at most; commands beyond wait. */
const MOST = 4;
/** Bytes of one answer, and of what it has to complain. */
const MOST_OUTPUT = 64 << 20;
const MOST_COMPLAINT = 4096;

interface Job {
  readonly line: string;
  readonly seconds: number;
  readonly resolve: (ran: Ran) => void;
}

export class ShellHost extends Host {
  readonly #idle: Shell[] = [];
  readonly #waiting: Job[] = [];
  #count = 0;

  override run(
    words: readonly string[],
    seconds: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    // Nothing else ends a line.
    if (words.some((word) => /[\n\0]/.test(word))) return super.run(words, seconds, env);
    const assigned = Object.entries(env).map(([name, value]) => `${name}=${shellWord(value)}`);
    const line = [...assigned, ...words.map(shellWord)].join(' ');
    return new Promise((resolve) => {
      this.#waiting.push({ line, seconds, resolve });
      this.#next();
    });
  }

  #next(): void {
    const job = this.#waiting[0];
    if (!job) return;
    const shell = this.#idle.pop() ?? this.#begin();
    if (!shell) return;
    this.#waiting.shift();
    void shell.run(job).then((ran) => {
      job.resolve(ran);
      if (shell.isOver) this.#count--;
      else this.#idle.push(shell);
      this.#next();
    });
  }

  #begin(): Shell | undefined {
    if (this.#count >= MOST) return undefined;
    this.#count++;
    const dying = this.which('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
    return new Shell(this.start([...dying, 'sh', '-c', READ], {}, 'pipe'));
  }
}

/** Each line is a command. */
const READ = 'while IFS= read -r line; do eval "$line"; done';

/** Runs one command after the other. */
class Shell {
  isOver = false;
  readonly #child: ChildProcess;
  #output: Buffer[] = [];
  #size = 0;
  #complaint = '';
  #check: () => void = () => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      if (this.#size > MOST_OUTPUT) kill(child, 'SIGKILL');
      this.#output.push(chunk);
      this.#check();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const all = this.#complaint + text;
      // What tells the end comes last.
      this.#complaint =
        all.length <= MOST_COMPLAINT
          ? all
          : all.slice(0, MOST_COMPLAINT / 2) + all.slice(-MOST_COMPLAINT / 2);
      this.#check();
    });
    child.stdin?.on('error', () => {});
    const over = (): void => {
      this.isOver = true;
      this.#check();
    };
    child.once('error', over);
    child.once('close', over);
  }

  run({ line, seconds }: Job): Promise<Ran> {
    const end = `\0${randomBytes(12).toString('hex')}`;
    this.#output = [];
    this.#size = 0;
    this.#complaint = '';
    return new Promise((resolve) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        kill(this.#child, 'SIGKILL');
      }, seconds * 1000);
      const done = (output: string, status: number | undefined): void => {
        this.#check = () => {};
        clearTimeout(timer);
        const complaint = firstLine(this.#complaint.split(end)[0] ?? '');
        resolve({ output, complaint, status, late });
      };
      this.#check = () => {
        if (this.isOver) done(Buffer.concat(this.#output).toString('utf8'), undefined);
        const status = this.#statusBehind(end);
        if (status === undefined || !this.#complaint.includes(end)) return;
        const text = Buffer.concat(this.#output).toString('utf8');
        done(text.slice(0, text.lastIndexOf(end)), status);
      };
      const mark = `'\\000${end.slice(1)}`;
      this.#child.stdin?.write(
        `{ ${line}; } </dev/null; printf ${mark} %s\\n' "$?"; printf ${mark}\\n' >&2\n`,
      );
      if (this.isOver) this.#check();
    });
  }

  #statusBehind(end: string): number | undefined {
    const last = Buffer.concat(this.#output.slice(-3)).toString('latin1').slice(-64);
    const at = last.lastIndexOf(end);
    const [, status] = at < 0 ? [] : (/^ (\d+)\n$/.exec(last.slice(at + end.length)) ?? []);
    return status === undefined ? undefined : Number(status);
  }
}
