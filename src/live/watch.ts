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
  readonly #children = new Map<string, ChildProcess[]>();
  #engine: ChildProcess | undefined;

  constructor(host: Host, onChange: (watched: Watched) => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** Begins where it doesn't watch yet, and ends where there is nothing any more. */
  follow(namespaces: readonly FoundNamespace[]): void {
    const wanted = new Map(namespaces.slice(0, MOST_NAMESPACES).map((each) => [keyOf(each), each]));
    for (const [key, children] of this.#children) {
      if (wanted.has(key)) continue;
      for (const child of children) kill(child, 'SIGKILL');
      this.#children.delete(key);
    }
    for (const [key, namespace] of wanted)
      if (!this.#children.has(key)) this.#children.set(key, this.#begin(namespace));
    this.#engine ??= this.#beginEngine();
  }

  /** Whether a change in it will be told. */
  watches(namespace: FoundNamespace): boolean {
    return this.#children.get(keyOf(namespace))?.some((child) => child.exitCode === null) ?? false;
  }

  stop(): void {
    for (const child of [...this.#children.values()].flat()) kill(child, 'SIGKILL');
    if (this.#engine) kill(this.#engine, 'SIGKILL');
    this.#children.clear();
    this.#engine = undefined;
  }

  #begin(namespace: FoundNamespace): ChildProcess[] {
    const host = this.#host;
    const into = Host.into(namespace.path);
    const children: ChildProcess[] = [];
    if (host.which('ip') !== undefined)
      children.push(
        this.#listen([...into, ...dying(host), 'ip', '-o', 'monitor', ...OBJECTS], (line) =>
          this.#onChange({ kind: /\[NETCONF\]/i.test(line) ? 'settings' : 'network', namespace }),
        ),
      );
    // To ask for them would load the module where it isn't used.
    if (host.which('nft') !== undefined && host.hasModule('nf_tables'))
      children.push(
        this.#listen([...into, ...dying(host), 'nft', 'monitor', 'ruleset'], () =>
          this.#onChange({ kind: 'rules', namespace }),
        ),
      );
    return children;
  }

  #beginEngine(): ChildProcess | undefined {
    const host = this.#host;
    if (host.which('docker') === undefined) return undefined;
    const words = ['docker', 'events', '--filter', 'type=container', '--filter', 'type=network'];
    return this.#listen([...dying(host), ...words], (line) => {
      if (!/ exec_| health_status/.test(line)) this.#onChange({ kind: 'containers' });
    });
  }

  #listen(words: readonly string[], onLine: (line: string) => void): ChildProcess {
    const child = this.#host.start(words);
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, 1 << 16);
      for (const line of lines) if (line.trim() !== '') onLine(line);
    });
    child.stderr?.resume();
    // Where it can't be run there is nothing to tell: what it watches is read again from time to time.
    child.on('error', () => {});
    return child;
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
