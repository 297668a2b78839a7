/**
 * A host whose short commands are run by shells that stay: to start a program this one is copied, tables of its memory and all, and
 * waits for it, while packets come. A shell is copied in no time.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { firstLine, Host, kill, type Ran } from '../collect/host.ts';

/** Shells at most; commands beyond wait. */
const MOST = 4;
/** Bytes of one answer, and of what it has to complain. */
const MOST_OUTPUT = 64 << 20;
const MOST_COMPLAINT = 4096;

interface Job {
  readonly words: readonly string[];
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
    const assigned = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const all = assigned.length === 0 ? words : ['env', ...assigned, ...words];
    return new Promise((resolve) => {
      this.#waiting.push({ words: all, seconds, resolve });
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

/**
 * What tells the end, how many words, and each word on a line of its own: they are arguments from the beginning, and nothing in them is ever
 * read as the shell's language.
 */
const READ = `while IFS= read -r end && read -r count; do
  set --
  while [ "$count" -gt 0 ]; do
    IFS= read -r word
    set -- "$@" "$word"
    count=$((count - 1))
  done
  "$@" </dev/null
  printf '\\000%s %s\\n' "$end" "$?"
  printf '\\000%s\\n' "$end" >&2
done`;

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
    child.once('error', ({ message }) => {
      this.#complaint = message;
      over();
    });
    child.once('close', over);
  }

  run({ words, seconds }: Job): Promise<Ran> {
    const name = randomBytes(12).toString('hex');
    const end = `\0${name}`;
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
      this.#child.stdin?.write([name, words.length, ...words, ''].join('\n'));
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
