/** The state of the host as a bundle has it, kept up to date file by file. */
import { hostname, release } from 'node:os';
import { type CollectedFile, type CollectedManifest, type Missing, timeText } from '../collect/bundle.ts';
import { type EngineDump, inspectEngines } from '../collect/engines.ts';
import { gatherAll, type Job } from '../collect/gather.ts';
import { commandWords, Host } from '../collect/host.ts';
import {
  type FoundNamespace,
  findNamespaces,
  type HostChoice,
  LSNS,
  netnsidsOf,
} from '../collect/namespaces.ts';
import { COMMAND_SECONDS, type Gathering, NAMESPACE_PLAN } from '../collect/plan.ts';
import { VERSION } from '../version.ts';
import { essenceOf } from './essence.ts';

/** A file of the bundle as it was read last. */
export interface StateFile {
  readonly text: string;
  readonly command: string;
  readonly namespace?: string;
  /** Epoch milliseconds when its command began. */
  readonly taken: number;
}

/** A file whose content says that the host is another one than before. */
export interface StateChange {
  readonly namespace?: string;
  /** In the bundle. */
  readonly path: string;
  /** Epoch seconds: not before this the host was as the file has it now. */
  readonly after: number;
  /** Epoch seconds when the file was read. */
  readonly at: number;
}

/** What of the machine is followed. */
export interface Scope {
  readonly hostChoice: HostChoice;
  /** Names of namespaces or containers; empty: all. */
  readonly only: readonly string[];
}

export class HostState {
  namespaces: readonly FoundNamespace[] = [];
  /** What can't be read, by namespace and thing. */
  missing: readonly Missing[] = [];
  readonly #files = new Map<string, StateFile>();
  readonly #essences = new Map<string, string>();
  readonly #host: Host;
  readonly #scope: Scope;
  readonly #now: () => number;
  readonly #barred = new Map<string, string>();

  /** `now`: epoch milliseconds. */
  constructor(host: Host, scope: Scope, now: () => number) {
    this.#host = host;
    this.#scope = scope;
    this.#now = now;
  }

  /** Which namespaces and containers there are now; gives those files that changed. */
  async find(): Promise<StateChange[]> {
    const host = this.#host;
    const taken = this.#now();
    const inspected = await inspectEngines(host);
    const lsns =
      host.which('lsns') === undefined ? undefined : await host.run(commandWords(LSNS), COMMAND_SECONDS);
    const ids = netnsidsOf(lsns?.output ?? '');
    const found = findNamespaces(host, inspected.containers, this.#scope.hostChoice, ids);
    const reachable: FoundNamespace[] = [];
    for (const namespace of found.namespaces)
      if (this.#isAsked(namespace) && (await this.#opens(namespace))) reachable.push(namespace);
    this.#forgetAllBut(reachable);
    this.namespaces = reachable;
    this.missing = [
      ...inspected.notes.map((reason) => ({ what: 'containers', reason })),
      ...found.notes.map((reason) => ({ what: 'namespaces', reason })),
      ...[...this.#barred].map(([namespace, reason]) => ({ namespace, what: 'everything', reason })),
    ];
    return inspected.dumps.flatMap((dump) => this.#takeDump(dump, taken) ?? []);
  }

  #isAsked({ name, container, named }: FoundNamespace): boolean {
    const { only } = this.#scope;
    return (
      only.length === 0 || [name, container, named].some((each) => each !== undefined && only.includes(each))
    );
  }

  async #opens({ name, path }: FoundNamespace): Promise<boolean> {
    this.#barred.delete(name);
    if (path === undefined) return true;
    const { status, complaint } = await this.#host.run([...Host.into(path), 'true'], COMMAND_SECONDS);
    if (status === 0) return true;
    this.#barred.set(name, this.#host.root ? complaint : 'only root enters other namespaces');
    return false;
  }

  #forgetAllBut(namespaces: readonly FoundNamespace[]): void {
    const names = new Set(namespaces.map(({ name }) => name));
    for (const [path, { namespace }] of this.#files) {
      if (namespace === undefined || names.has(namespace)) continue;
      this.#files.delete(path);
      this.#essences.delete(path);
    }
  }

  /** Reads parts of the plan again; all of it in all namespaces where nothing is said. Gives those files that changed. */
  async read(
    plan: readonly Gathering[] = NAMESPACE_PLAN,
    namespaces: readonly FoundNamespace[] = this.namespaces,
  ): Promise<StateChange[]> {
    const jobs: Job[] = namespaces.flatMap((namespace) =>
      plan.map((gathering) => ({ namespace, gathering })),
    );
    const outcomes = await gatherAll(jobs, this.#host, this.#now);
    return outcomes.flatMap(({ namespace: { name }, outcome }) => {
      if (outcome.kind !== 'file') return [];
      const { file, ...rest } = outcome.file;
      return this.#take(`namespaces/${name}/${file}`, file, { ...rest, namespace: name }) ?? [];
    });
  }

  #takeDump({ file, command, text }: EngineDump, taken: number): StateChange | undefined {
    return this.#take(`docker/${file}`, file, { command, text, taken });
  }

  #take(path: string, name: string, file: StateFile): StateChange | undefined {
    const before = this.#files.get(path);
    this.#files.set(path, file);
    const essence = essenceOf(name, file.text);
    if (essence === undefined) return undefined;
    const known = this.#essences.get(path);
    this.#essences.set(path, essence);
    if (known === undefined || known === essence) return undefined;
    return {
      path,
      ...(file.namespace === undefined ? {} : { namespace: file.namespace }),
      after: (before?.taken ?? file.taken) / 1000,
      at: file.taken / 1000,
    };
  }

  /** By its path in the bundle: `namespaces/host/iptables-save.txt`. */
  file(path: string): StateFile | undefined {
    return this.#files.get(path);
  }

  /** What of a file is state, without counters; undefined: it isn't there, or tells nothing else. */
  essence(path: string): string | undefined {
    return this.#essences.get(path);
  }

  /**
   * As files of a bundle, the manifest among them; `captures`: those that lie beside; `edit`: what of a file's text is taken,
   * undefined: nothing of it.
   */
  bundle(
    captures: readonly CollectedFile[],
    edit: (path: string, text: string) => string | undefined = (_, text) => text,
  ): { readonly name: string; readonly bytes: Uint8Array }[] {
    const taken = [...this.#files].flatMap(([path, file]) => {
      const text = edit(path, file.text);
      return text === undefined ? [] : [{ path, file, text }];
    });
    const files = taken.map(({ path, file: { command, namespace, taken: at } }) => ({
      path,
      ...(namespace === undefined ? {} : { namespace }),
      command,
      collectedAt: timeText(at),
    }));
    const manifest: CollectedManifest = {
      format: 'nettrace-bundle/1',
      collector: `nettrace ${VERSION}`,
      host: hostname(),
      kernel: release(),
      collectedAt: timeText(this.#now()),
      namespaces: this.namespaces.map(({ name, pid, inode, netnsid, container }) => ({
        name,
        ...(pid === undefined ? {} : { pid }),
        inode,
        ...(netnsid === undefined ? {} : { netnsid }),
        ...(container === undefined ? {} : { container }),
      })),
      files: [...files, ...captures],
      tools: {},
      missing: this.missing,
    };
    return [
      { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
      ...taken.map(({ path, text }) => ({ name: path, bytes: Buffer.from(text) })),
    ];
  }
}
