/** Keeps the state of the host up to date: what changes is read again as soon as it is told, and what nobody tells from time to time. */
import type { Host } from '../collect/host.ts';
import { type FoundNamespace, isThere, namedNamespaces } from '../collect/namespaces.ts';
import { NAMESPACE_PLAN, type Shown } from '../collect/plan.ts';
import { HostState, type Scope, type StateChange } from './host-state.ts';
import { Watch, type Watched } from './watch.ts';

export interface FollowerListener {
  /** `at`: epoch milliseconds when the host told of it; of what nobody tells, when it was read. */
  onChange(changes: readonly StateChange[], at: number): void;
  /** There are others than before; the state has been read. */
  onNamespaces(): Promise<void>;
  onWarning(text: string): void;
  /** Whether packets that are seen pass it: what it has is read more often. */
  isNear(namespace: FoundNamespace): boolean;
}

/** What is to be read again; `at`: epoch milliseconds when that was told. */
interface Due extends Watched {
  readonly at: number;
}

/** Milliseconds: how long changes gather before the host is read again; how often what traffic changes is read, and what nobody tells. */
const SETTLE = 60;
const TRAFFIC = 3000;
const UNTOLD = 5000;
/** … whether there are other namespaces. */
const NAMESPACES = 1000;
/** Milliseconds between two readings of the rules' counters while somebody looks at them. */
const WATCHED = 2000;
/** Namespaces that no packet passes, of which so many are read in a turn. */
const OTHERS = 4;

/** What the kernel tells nobody of: settings that aren't forwarding or rp_filter, rules of the legacy backend. */
const UNTOLD_PARTS: readonly Shown[] = ['settings', 'rules'];

export class Follower {
  readonly state: HostState;
  readonly #watch: Watch;
  readonly #now: () => number;
  readonly #listener: FollowerListener;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #due = new Map<string, Due>();
  #watchingRules: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #turns = 0;
  #names = '';
  #isStale = false;
  #isOver = false;

  /** `now`: epoch milliseconds. */
  constructor(host: Host, scope: Scope, now: () => number, listener: FollowerListener) {
    this.state = new HostState(host, scope, now);
    this.#watch = new Watch(host, (watched) => this.#onWatched(watched));
    this.#now = now;
    this.#listener = listener;
  }

  /** Resolves when all has been read once. */
  async begin(): Promise<void> {
    await this.state.find();
    if (this.#isOver) return;
    // Before the first reading: what changes while it lasts is read again.
    this.#watch.follow(this.state.namespaces);
    await this.state.read();
    if (this.#isOver) return;
    this.#timers.push(
      setInterval(() => this.#readAgain(['traffic']), TRAFFIC),
      setInterval(() => this.#readAgain(UNTOLD_PARTS), UNTOLD),
      setInterval(() => this.#lookForNamespaces(), NAMESPACES),
    );
    this.#names = namedNamespaces().join();
  }

  /** Whether somebody looks at the counters of rules. */
  watchRules(isWatched: boolean): void {
    clearInterval(this.#watchingRules);
    this.#watchingRules = undefined;
    if (!isWatched || this.#isOver) return;
    this.#readAgain(['rules']);
    this.#watchingRules = setInterval(() => this.#readAgain(['rules']), WATCHED);
  }

  /** A change has been told that isn't read yet. */
  get isStale(): boolean {
    return this.#isStale || this.#due.size > 0;
  }

  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearInterval(this.#watchingRules);
    this.#watch.stop();
  }

  /** Nobody tells of names that come and go (ip-netns(8)), nor of the last process of a namespace. */
  #lookForNamespaces(): void {
    const names = namedNamespaces().join();
    if (names === this.#names && this.state.namespaces.every(isThere)) return;
    this.#names = names;
    this.#onWatched({ kind: 'containers' });
  }

  #onWatched(watched: Watched): void {
    this.#due.set(`${watched.namespace?.name} ${watched.kind}`, { ...watched, at: this.#now() });
    setTimeout(() => this.#refresh(), SETTLE);
  }

  #refresh(): void {
    if (this.#reading || this.#due.size === 0) return;
    const due = [...this.#due.values()];
    this.#due.clear();
    this.#isStale = true;
    this.#run(async () => {
      const changes = await this.#readDue(due);
      this.#tell(changes, Math.max(...due.map(({ at }) => at)));
    });
  }

  #readAgain(parts: readonly Shown[]): void {
    if (this.#reading) return;
    this.#run(async () => {
      const changes = await this.state.read(partsOf(new Set(parts)), this.#turn());
      this.#tell(changes, Math.max(...changes.map(({ at }) => at * 1000)));
    });
  }

  /** Those that packets pass, and in turn a few of the others: a machine may have hundreds. */
  #turn(): FoundNamespace[] {
    const { namespaces } = this.state;
    const near = namespaces.filter((each) => this.#listener.isNear(each));
    const others = namespaces.filter((each) => !near.includes(each));
    const begin = others.length === 0 ? 0 : (this.#turns++ * OTHERS) % others.length;
    return [...near, ...others.slice(begin, begin + OTHERS)];
  }

  /** One reading at a time; what is told meanwhile is read after it. */
  #run(read: () => Promise<void>): void {
    if (this.#isOver) return;
    this.#reading = read()
      .catch((error: unknown) =>
        this.#listener.onWarning(
          `the host can't be read: ${error instanceof Error ? error.message : String(error)}`,
        ),
      )
      .finally(() => {
        this.#reading = undefined;
        this.#isStale = false;
        this.#refresh();
      });
  }

  async #readDue(due: readonly Due[]): Promise<StateChange[]> {
    const changes: StateChange[] = [];
    if (due.some(({ kind }) => kind === 'containers')) changes.push(...(await this.#readNamespaces()));
    const shown = new Map<FoundNamespace, Set<Shown>>();
    for (const { namespace, kind } of due) {
      if (!namespace || kind === 'containers') continue;
      shown.set(namespace, (shown.get(namespace) ?? new Set()).add(kind));
    }
    for (const [namespace, kinds] of shown)
      changes.push(...(await this.state.read(partsOf(kinds), [namespace])));
    return changes;
  }

  /** New ones are read whole; of the others a container changes the devices. */
  async #readNamespaces(): Promise<StateChange[]> {
    const before = new Set(this.state.namespaces.map(({ inode }) => inode));
    const changes = await this.state.find();
    const added = this.state.namespaces.filter(({ inode }) => !before.has(inode));
    this.#watch.follow(this.state.namespaces);
    changes.push(
      ...(await this.state.read(NAMESPACE_PLAN, added)),
      ...(await this.state.read(partsOf(new Set(['network'])))),
    );
    await this.#listener.onNamespaces();
    return changes;
  }

  #tell(changes: readonly StateChange[], at: number): void {
    if (changes.length > 0 && !this.#isOver) this.#listener.onChange(changes, at);
  }
}

function partsOf(shown: ReadonlySet<Shown>) {
  return NAMESPACE_PLAN.filter(({ shows }) => shown.has(shows));
}
