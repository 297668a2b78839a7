/** Gathers the bundle of a live host: contract section 2. Reads only; what is started is ended again, however it comes. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { VERSION } from '../version.ts';
import { type CollectedFile, type CollectedManifest, type Missing, timeText } from './bundle.ts';
import { type CapturedPoint, type CaptureLimits, CaptureRun } from './capture.ts';
import { type CapturePoint, capturePoints, devicesOf } from './capture-points.ts';
import { type Inspected, inspectEngines } from './engines.ts';
import { type GatheredFile, gatherAll, gatherOne } from './gather.ts';
import { commandWords, Host } from './host.ts';
import { type FoundNamespace, findNamespaces, type HostChoice, LSNS, netnsidsOf } from './namespaces.ts';
import {
  beforeName,
  COMMAND_SECONDS,
  type Gathering,
  HOST_PLAN,
  NAMESPACE_PLAN,
  PROCESSES,
  RESOLVER_FILES,
  VERSIONS,
} from './plan.ts';
import type { Staging } from './staging.ts';

export interface CollectOptions {
  readonly hostChoice: HostChoice;
  /** Names of namespaces or containers; empty: all. */
  readonly only: readonly string[];
  readonly capture?: { readonly points: readonly string[]; readonly limits: CaptureLimits };
}

/** What goes on, for a terminal. */
export interface Watcher {
  phase(text: string): void;
  listening(points: readonly CapturePoint[]): void;
  counts(counts: readonly { readonly name: string; readonly packets: number }[], elapsed: number): void;
}

export interface Outside {
  readonly host: Host;
  /** Epoch milliseconds. */
  now(): number;
  readonly watcher: Watcher;
  /** Resolves when the capture is to end before its time. */
  readonly early: Promise<void>;
}

export type Collected =
  | { readonly manifest: CollectedManifest; readonly captured: readonly CapturedPoint[] }
  /** The command line names what isn't there; nothing was gathered. */
  | { readonly wrong: string; readonly hint: string };

/** Milliseconds between two looks at the counts. */
const LOOK = 250;

export async function collect(
  options: CollectOptions,
  staging: Staging,
  outside: Outside,
): Promise<Collected> {
  const run = new Collection(options, staging, outside);
  return await run.all();
}

class Collection {
  private readonly options: CollectOptions;
  private readonly staging: Staging;
  private readonly outside: Outside;
  private readonly host: Host;
  private readonly files: CollectedFile[] = [];
  private readonly missing: Missing[] = [];

  constructor(options: CollectOptions, staging: Staging, outside: Outside) {
    this.options = options;
    this.staging = staging;
    this.outside = outside;
    this.host = outside.host;
  }

  async all(): Promise<Collected> {
    const { outside, options } = this;
    const begun = outside.now();
    outside.watcher.phase('looking for namespaces and containers');
    const inspected = await inspectEngines(this.host);
    const namespaces = await this.namespaces(inspected);
    if ('wrong' in namespaces) return namespaces;
    const points = await this.points(namespaces);
    if ('wrong' in points) return points;
    let captured: readonly CapturedPoint[] = [];
    if (options.capture) {
      const counters = NAMESPACE_PLAN.filter(({ counts }) => counts);
      await this.gather(namespaces, counters, 'counters before the capture', beforeName);
      const result = await this.capture(points.points, options.capture.limits);
      if ('wrong' in result) return result;
      captured = result.captured;
    }
    await this.gather(namespaces, NAMESPACE_PLAN, 'state');
    await this.machine(inspected);
    for (const namespace of namespaces) this.resolver(namespace);
    const manifest = await this.manifest(namespaces, begun);
    this.staging.write('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
    return { manifest, captured };
  }

  private async namespaces(
    inspected: Inspected,
  ): Promise<readonly FoundNamespace[] | { wrong: string; hint: string }> {
    const { host, options } = this;
    for (const note of inspected.notes) this.missing.push({ what: 'containers', reason: note });
    const lsns =
      host.which('lsns') === undefined ? undefined : await host.run(commandWords(LSNS), COMMAND_SECONDS);
    const ids = netnsidsOf(lsns?.output ?? '');
    const { namespaces, notes } = findNamespaces(host, inspected.containers, options.hostChoice, ids);
    for (const note of notes) this.missing.push({ what: 'namespaces', reason: note });
    const unknown = options.only.find((name) => !namespaces.some((each) => isCalled(each, name)));
    if (unknown !== undefined) {
      const known = namespaces.map(({ name }) => name).join(', ');
      return {
        wrong: `--only ${unknown}: no namespace or container is called so`,
        hint: `There are: ${known}.`,
      };
    }
    const wanted = namespaces.filter(
      (each) => options.only.length === 0 || options.only.some((name) => isCalled(each, name)),
    );
    const reachable: FoundNamespace[] = [];
    for (const namespace of wanted) {
      const reason = await this.barrier(namespace);
      if (reason === undefined) reachable.push(namespace);
      else this.missing.push({ namespace: namespace.name, what: 'everything', reason });
    }
    return reachable;
  }

  /** Why a namespace can't be entered. */
  private async barrier({ path }: FoundNamespace): Promise<string | undefined> {
    if (path === undefined) return undefined;
    if (this.host.which('nsenter') === undefined) return 'nsenter is not installed';
    const { status, complaint } = await this.host.run([...Host.into(path), 'true'], COMMAND_SECONDS);
    if (status === 0) return undefined;
    return this.host.root ? complaint : 'only root enters other namespaces';
  }

  private async points(
    namespaces: readonly FoundNamespace[],
  ): Promise<{ points: readonly CapturePoint[] } | { wrong: string; hint: string }> {
    const { capture } = this.options;
    if (!capture) return { points: [] };
    const devices = new Map<FoundNamespace, readonly string[]>();
    for (const namespace of namespaces) {
      const { output } = await this.host.run(
        [...Host.into(namespace.path), 'cat', '/proc/net/dev'],
        COMMAND_SECONDS,
      );
      devices.set(namespace, devicesOf(output));
    }
    if (this.host.which('tcpdump') === undefined)
      return {
        wrong: 'tcpdump is not installed, and nothing else captures here',
        hint: 'Leave --capture out, or install it.',
      };
    return capturePoints(capture.points, namespaces, (namespace) => devices.get(namespace) ?? []);
  }

  private async capture(
    points: readonly CapturePoint[],
    limits: CaptureLimits,
  ): Promise<{ captured: readonly CapturedPoint[] } | { wrong: string; hint: string }> {
    const { outside, staging } = this;
    const begun = outside.now();
    const run = new CaptureRun(points, limits, staging.folder, this.host, outside.now);
    await run.listen();
    if (run.running > 0) outside.watcher.listening(points);
    const look = setInterval(() => outside.watcher.counts(run.counts(), outside.now() - begun), LOOK);
    if (run.running > 0) await run.wait(limits.seconds, outside.early);
    clearInterval(look);
    const captured = await run.stop();
    if (!run.listened) {
      const reason = captured.find(({ ended }) => ended !== undefined)?.ended ?? 'tcpdump ended by itself';
      return {
        wrong: `no capture could begin: ${reason}`,
        hint: 'Without --capture, everything else is gathered.',
      };
    }
    for (const { point, path, command, packets, dropped, ended, began } of captured) {
      const name = `${point.namespace.name}:${point.device}`;
      if (existsSync(`${staging.folder}/${path}`)) {
        this.files.push({
          path,
          namespace: point.namespace.name,
          interface: point.device,
          command,
          collectedAt: timeText(began),
          packets,
          ...(dropped === undefined ? {} : { dropped }),
        });
        if (dropped !== undefined && dropped > 0)
          this.missing.push({
            what: `packets of ${name}`,
            reason: `the kernel had no room for ${dropped} of them`,
          });
      }
      if (ended !== undefined) this.missing.push({ what: `the capture on ${name}`, reason: ended });
    }
    return { captured };
  }

  /** The plan in all namespaces. */
  private async gather(
    namespaces: readonly FoundNamespace[],
    plan: readonly Gathering[],
    what: string,
    nameOf: (file: string) => string = (file) => file,
  ): Promise<void> {
    const { outside, host } = this;
    const jobs = namespaces.flatMap((namespace) => plan.map((gathering) => ({ namespace, gathering })));
    const outcomes = await gatherAll(jobs, host, outside.now, ({ namespace }, index) =>
      outside.watcher.phase(`reading the ${what} of ${namespace.name} (${index + 1} of ${jobs.length})`),
    );
    for (const { namespace, outcome } of outcomes) {
      if (outcome.kind === 'file')
        this.keep(`namespaces/${namespace.name}/${nameOf(outcome.file.file)}`, outcome.file, namespace.name);
      else if (outcome.kind === 'failed') this.miss(namespace.name, outcome.failure);
    }
  }

  private miss(namespace: string | undefined, { what, reason }: { what: string; reason: string }): void {
    const same = this.missing.some(
      (each) => each.namespace === namespace && each.what === what && each.reason === reason,
    );
    if (!same) this.missing.push({ ...(namespace === undefined ? {} : { namespace }), what, reason });
  }

  private keep(path: string, { command, text, taken }: Omit<GatheredFile, 'file'>, namespace?: string): void {
    this.staging.write(path, text);
    this.files.push({
      path,
      ...(namespace === undefined ? {} : { namespace }),
      command,
      collectedAt: timeText(taken),
    });
  }

  /** What there is once on a machine: engines, processes, ids of namespaces, the counters of network cards. */
  private async machine(inspected: Inspected): Promise<void> {
    const { outside, host } = this;
    outside.watcher.phase('reading containers and processes');
    const taken = outside.now();
    for (const { file, command, text } of inspected.dumps)
      this.keep(`docker/${file}`, { command, text, taken });
    for (const gathering of [...HOST_PLAN, PROCESSES]) {
      const outcome = await gatherOne(gathering, undefined, host, outside.now);
      if (outcome.kind === 'failed') this.miss(undefined, outcome.failure);
      if (outcome.kind !== 'file') continue;
      const path = gathering === PROCESSES ? outcome.file.file : `namespaces/host/${outcome.file.file}`;
      this.keep(path, outcome.file);
    }
    if (this.options.hostChoice !== 'init' || host.which('ethtool') === undefined) return;
    for (const device of hardware()) {
      const began = outside.now();
      const { status, output } = await host.run(['ethtool', '-S', device], COMMAND_SECONDS);
      const command = `ethtool -S ${device}`;
      if (status === 0)
        this.keep(`namespaces/host/ethtool-${device}.txt`, {
          command,
          text: `$ ${command}\n${output}`,
          taken: began,
        });
    }
  }

  /** The files of /etc as its processes see them; of a name without a process, what ip-netns(8) would put there. */
  private resolver({ name, pid, named, path }: FoundNamespace): void {
    const { outside, host } = this;
    for (const file of RESOLVER_FILES) {
      const own = named === undefined ? undefined : host.readInside('', `/etc/netns/${named}`, file);
      const same = path === undefined || pid === undefined || sameFiles(pid);
      const text =
        own ?? (same ? host.readInside('', '/etc', file) : host.readInside(`/proc/${pid}/root`, 'etc', file));
      if (text === undefined) continue;
      const from = own === undefined ? `/etc/${file}` : `/etc/netns/${named}/${file}`;
      this.keep(`namespaces/${name}/${file}`, { command: `cat ${from}`, text, taken: outside.now() }, name);
    }
  }

  private async manifest(namespaces: readonly FoundNamespace[], begun: number): Promise<CollectedManifest> {
    const tools: Record<string, string> = {};
    for (const [tool, option] of VERSIONS) {
      if (this.host.which(tool) === undefined) continue;
      const { output, complaint } = await this.host.run([tool, option], COMMAND_SECONDS);
      const said = (output.trim() === '' ? complaint : output).trim().split('\n')[0] ?? '';
      if (said !== '') tools[tool] = said;
    }
    return {
      format: 'nettrace-bundle/1',
      collector: `nettrace ${VERSION}`,
      host: hostname(),
      kernel: release(),
      collectedAt: timeText(begun),
      namespaces: namespaces.map(({ name, pid, inode, netnsid, container }) => ({
        name,
        ...(pid === undefined ? {} : { pid }),
        inode,
        ...(netnsid === undefined ? {} : { netnsid }),
        ...(container === undefined ? {} : { container }),
      })),
      files: this.files.toSorted((left, right) => (left.path < right.path ? -1 : 1)),
      tools,
      missing: this.missing,
    };
  }
}

function isCalled(namespace: FoundNamespace, name: string): boolean {
  return [namespace.name, namespace.container, namespace.named].includes(name);
}

/** It has the collector's own root directory. */
function sameFiles(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt');
  } catch {
    return false;
  }
}

function hardware(): string[] {
  try {
    // One called `-w` would be an option.
    return readdirSync('/sys/class/net').filter(
      (name) => !name.startsWith('-') && existsSync(`/sys/class/net/${name}/device`),
    );
  } catch {
    return [];
  }
}
