/** Tells when the host changes, by programs that the kernel and Docker tell, one set in each namespace. */
import type { ChildProcess } from 'node:child_process';
import { Host, kill } from '../collect/host.ts';
import type { FoundNamespace } from '../collect/namespaces.ts';

/** What changed; each has parts of the plan that show it. */
export type Kind = 'network' | 'settings' | 'rules' | 'containers';

export interface Watched {
  readonly kind: Kind;
  /** Undefined: of the machine. */
  readonly namespace?: FoundNamespace;
}

/** Namespaces with watchers of their own; the others are read again from time to time. */
const MOST_NAMESPACES = 32;

export class Watch {
  readonly #host: Host;
  readonly #onChange: (watched: Watched) => void;
  readonly #listeners = new Map<string, Listener[]>();
  #engine: Listener | undefined;

  constructor(host: Host, onChange: (watched: Watched) => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** Begins where it doesn't watch yet, and ends where there is nothing any more. */
  follow(namespaces: readonly FoundNamespace[]): void {
    const wanted = new Map(namespaces.slice(0, MOST_NAMESPACES).map((each) => [keyOf(each), each]));
    for (const [key, listeners] of this.#listeners) {
      if (wanted.has(key)) continue;
      for (const listener of listeners) listener.end();
      this.#listeners.delete(key);
    }
    for (const [key, namespace] of wanted)
      if (!this.#listeners.has(key)) this.#listeners.set(key, this.#begin(namespace));
    this.#engine ??= this.#beginEngine();
  }

  stop(): void {
    for (const listener of [...this.#listeners.values()].flat()) listener.end();
    this.#engine?.end();
    this.#listeners.clear();
    this.#engine = undefined;
  }

  #begin(namespace: FoundNamespace): Listener[] {
    const host = this.#host;
    const into = Host.into(namespace.path);
    const listeners: Listener[] = [];
    if (host.which('ip') !== undefined)
      listeners.push(
        this.#listen(
          [...into, ...dying(host), 'ip', '-o', 'monitor', ...OBJECTS],
          (line) => this.#onChange({ kind: /\[NETCONF\]/i.test(line) ? 'settings' : 'network', namespace }),
          ['network', 'settings'].map((kind) => ({ kind, namespace }) as Watched),
        ),
      );
    // To ask for them would load the module where it isn't used.
    if (host.which('nft') !== undefined && host.hasModule('nf_tables'))
      listeners.push(
        this.#listen(
          [...into, ...dying(host), 'nft', 'monitor', 'ruleset'],
          () => this.#onChange({ kind: 'rules', namespace }),
          [{ kind: 'rules', namespace }],
        ),
      );
    return listeners;
  }

  #beginEngine(): Listener | undefined {
    const host = this.#host;
    if (host.which('docker') === undefined) return undefined;
    const words = ['docker', 'events', '--filter', 'type=container', '--filter', 'type=network'];
    const watched: Watched = { kind: 'containers' };
    return this.#listen(
      [...dying(host), ...words],
      (line) => {
        if (!/ exec_| health_status/.test(line)) this.#onChange(watched);
      },
      [watched],
    );
  }

  /** `missed`: what may have changed while nobody listened. */
  #listen(words: readonly string[], onLine: (line: string) => void, missed: readonly Watched[]): Listener {
    return new Listener(
      () => this.#host.start(words),
      onLine,
      () => {
        for (const watched of missed) this.#onChange(watched);
      },
    );
  }
}

/** Milliseconds until a program that ended is begun again; each time twice as long, up to a minute, until it has something to tell. */
const AGAIN = 1000;
const LONGEST = 60_000;

/** A program that tells what changes, a line each. Where it ends, killed or with what it asks, it is begun again. */
class Listener {
  readonly #start: () => ChildProcess;
  readonly #onLine: (line: string) => void;
  readonly #onAgain: () => void;
  #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;
  #wait = AGAIN;
  #isOver = false;

  constructor(start: () => ChildProcess, onLine: (line: string) => void, onAgain: () => void) {
    this.#start = start;
    this.#onLine = onLine;
    this.#onAgain = onAgain;
    this.#child = this.#begin();
  }

  #begin(): ChildProcess {
    const child = this.#start();
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#wait = AGAIN;
      const lines = `${rest}${text}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, 1 << 16);
      for (const line of lines) if (line.trim() !== '') this.#onLine(line);
    });
    child.stderr?.resume();
    let hasEnded = false;
    const ended = (): void => {
      if (hasEnded || this.#isOver) return;
      hasEnded = true;
      this.#timer = setTimeout(() => {
        this.#child = this.#begin();
        this.#onAgain();
      }, this.#wait);
      this.#timer.unref();
      this.#wait = Math.min(2 * this.#wait, LONGEST);
    };
    // One that can't be started closes nothing.
    child.on('error', ended);
    child.on('close', ended);
    return child;
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    kill(this.#child, 'SIGKILL');
  }
}

/** Neighbours come and go with traffic. */
const OBJECTS = ['label', 'link', 'address', 'route', 'rule', 'netconf', 'nexthop'] as const;

/** Ends with this process, however that ends. */
function dying(host: Host): readonly string[] {
  return host.which('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
}

/** A name may be another namespace's after a while. */
function keyOf({ name, inode }: FoundNamespace): string {
  return `${name} ${inode}`;
}
