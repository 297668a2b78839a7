/** A running host, followed: its packets at several points, its state as it changes, and an analysis of the last of both again and again. */
import type { CollectedFile } from '../collect/bundle.ts';
import { type CapturePoint, capturePoints, devicesOf } from '../collect/capture-points.ts';
import { Host } from '../collect/host.ts';
import type { FoundNamespace, HostChoice } from '../collect/namespaces.ts';
import { COMMAND_SECONDS, NAMESPACE_PLAN, type Shown } from '../collect/plan.ts';
import { resolveFiles } from '../input/resolve.ts';
import type { Analysis } from '../report/analysis.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import type { Analyst, BundleFile } from './analyst.ts';
import { HostState, type StateChange } from './host-state.ts';
import { type LivePoint, PointTap } from './point-tap.ts';
import { sensiblePoints } from './points.ts';
import { type Backend, programOf } from './programs.ts';
import { nameOf, type TapLimits } from './tap.ts';
import { type News, Troubles } from './troubles.ts';
import { Watch, type Watched } from './watch.ts';

export interface LiveOptions {
  /** `br0`, `web:eth0`, `red:any`; empty: sensible ones. */
  readonly points: readonly string[];
  readonly hostChoice: HostChoice;
  readonly limits: TapLimits;
  readonly backend: Backend;
}

export interface LiveListener {
  /** Points were begun or lost, or the host changed. */
  onState(): void;
  onChange(changes: readonly StateChange[]): void;
  onAnalysis(analysis: Analysis, news: News): void;
  /** Something that can't be done, in a sentence. */
  onWarning(text: string): void;
}

export interface LiveOutside {
  readonly host: Host;
  readonly analyst: Analyst;
  /** Epoch milliseconds. */
  now(): number;
  readonly listener: LiveListener;
}

/** Milliseconds between two looks at whether there is something to analyse, and two analyses at least. */
const LOOK = 100;
const PAUSE = 400;
/** An analysis is followed by a pause of so many times its length: the host has other things to do. */
const REST = 2;
/** Seconds of packets that are looked at, and bytes of all points together. */
const SPAN = 12;
const MOST_ANALYSED = 2 << 20;
/** Bytes that are kept of all points together, and for how many seconds. */
const MOST_KEPT = 16 << 20;
const KEPT = 60;
/** Milliseconds: how long changes gather before the host is read again; how often what traffic changes is read, and what nobody tells. */
const SETTLE = 60;
const TRAFFIC = 3000;
const UNTOLD = 5000;

/** What the kernel tells nobody of: settings that aren't forwarding or rp_filter, rules of the legacy backend. */
const UNTOLD_PARTS: readonly Shown[] = ['settings', 'rules'];

/** What is to be read again; `at`: epoch milliseconds when that was told. */
interface Due extends Watched {
  readonly at: number;
}

export class Live {
  readonly state: HostState;
  readonly troubles = new Troubles();
  analysis: Analysis | undefined;
  /** Seconds of packets that the last analysis had; less than usual where there were too many. */
  span = SPAN;
  readonly #options: LiveOptions;
  readonly #outside: LiveOutside;
  readonly #watch: Watch;
  readonly #timers: NodeJS.Timeout[] = [];
  #taps: PointTap[] = [];
  /** Epoch milliseconds: when the host changed last. */
  #changed: number | undefined;
  readonly #due = new Map<string, Due>();
  #reading: Promise<void> | undefined;
  /** The host has changed, and is being read. */
  #isStale = false;
  #isAnalysing = false;
  #next = 0;
  #isDirty = false;
  #isCut = false;
  #isBegun = false;
  #isOver = false;

  constructor(options: LiveOptions, outside: LiveOutside) {
    this.#options = options;
    this.#outside = outside;
    this.state = new HostState(outside.host, options.hostChoice, outside.now);
    this.#watch = new Watch(outside.host, (watched) => this.#onWatched(watched));
  }

  /** Resolves when all points listen; `wrong`: the command line names what isn't there, or nothing can be captured. */
  async begin(): Promise<{ readonly wrong: string; readonly hint: string } | undefined> {
    await this.state.find();
    // Before the first reading: what changes while it lasts is read again.
    this.#watch.follow(this.state.namespaces);
    await this.state.read();
    const points = await this.#points();
    if ('wrong' in points) return points;
    if (points.points.length === 0)
      return {
        wrong: 'there is no interface to capture on: none is up but loopback',
        hint: 'Name one with -i, such as -i host:any.',
      };
    await this.#beginTaps(points.points);
    const failed = this.#taps.filter(({ ended }) => ended !== undefined);
    if (failed.length === this.#taps.length)
      return {
        wrong: `no capture could begin: ${failed[0]?.ended ?? ''}`,
        hint: this.#outside.host.root
          ? 'Name other interfaces with -i.'
          : 'Capturing needs root, or CAP_NET_RAW and CAP_NET_ADMIN: sudo nettrace live',
      };
    this.#isBegun = true;
    const every = (milliseconds: number, action: () => void) =>
      this.#timers.push(setInterval(action, milliseconds));
    every(LOOK, () => void this.#analyse());
    every(TRAFFIC, () => this.#readLater(['traffic']));
    every(UNTOLD, () => this.#readLater(UNTOLD_PARTS));
    return undefined;
  }

  get points(): readonly LivePoint[] {
    return this.#taps;
  }

  /** More packets came than the last analysis was given. */
  get isBehind(): boolean {
    return this.#isCut;
  }

  get changed(): number | undefined {
    return this.#changed;
  }

  /** What is analysed, or would be saved: packets since a time (epoch seconds), and the state as it is known now. */
  bundle(from: number): BundleFile[] {
    const captures: (CollectedFile & { readonly bytes: Uint8Array })[] = [];
    for (const tap of this.#taps) {
      const bytes = tap.window.capture(from);
      if (!bytes) continue;
      const { namespace, device } = tap.point;
      captures.push({
        path: `captures/${namespace.name}/${device.replaceAll('/', '_')}.pcap`,
        namespace: namespace.name,
        interface: device,
        ...(tap.dropped !== undefined && { dropped: tap.dropped }),
        bytes,
      });
    }
    return [
      ...this.state.bundle(captures.map(({ bytes: _, ...file }) => file)),
      ...captures.map(({ path, bytes }) => ({ name: path, bytes })),
    ];
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#watch.stop();
    await Promise.all(this.#taps.map((tap) => tap.stop()));
    this.#outside.analyst.end();
    this.#outside.host.killAll();
  }

  async #points(): Promise<
    { readonly points: readonly CapturePoint[] } | { readonly wrong: string; readonly hint: string }
  > {
    const { host } = this.#outside;
    const { namespaces } = this.state;
    if (this.#options.points.length === 0) {
      const { snapshot } = buildSnapshot(await resolveFiles('live', this.state.bundle([])));
      return { points: sensiblePoints(snapshot, namespaces) };
    }
    const devices = new Map<FoundNamespace, readonly string[]>();
    for (const namespace of namespaces) {
      const { output } = await host.run(
        [...Host.into(namespace.path), 'cat', '/proc/net/dev'],
        COMMAND_SECONDS,
      );
      devices.set(namespace, devicesOf(output));
    }
    return capturePoints(this.#options.points, namespaces, (namespace) => devices.get(namespace) ?? [], '-i');
  }

  /** Those that are there go on. */
  async #beginTaps(points: readonly CapturePoint[]): Promise<void> {
    const { host, listener } = this.#outside;
    const { limits, backend } = this.#options;
    const known = new Map(this.#taps.map((tap) => [nameOf(tap.point), tap]));
    const begun: PointTap[] = [];
    for (const point of points) {
      const before = known.get(nameOf(point));
      if (before && before.ended === undefined && before.point.namespace.inode === point.namespace.inode)
        continue;
      if (before) this.#taps.splice(this.#taps.indexOf(before), 1);
      begun.push(
        new PointTap(point, programOf(backend, point.device, limits), limits.snaplen, host, {
          onPacket: () => {
            this.#isDirty = true;
          },
          onEnd: (reason) => {
            // Before that, whoever begins is told of it.
            if (this.#isBegun && !this.#isOver)
              listener.onWarning(`the capture on ${nameOf(point)} ended: ${reason}`);
            listener.onState();
          },
        }),
      );
    }
    this.#taps.push(...begun);
    await Promise.all(begun.map(({ listening }) => listening));
    listener.onState();
  }

  #onWatched(watched: Watched): void {
    this.#due.set(`${watched.namespace?.name} ${watched.kind}`, { ...watched, at: this.#outside.now() });
    setTimeout(() => this.#refresh(), SETTLE);
  }

  /** One reading at a time; what comes meanwhile is read after it. */
  #refresh(): void {
    if (this.#reading || this.#due.size === 0 || this.#isOver) return;
    const due = [...this.#due.values()];
    this.#due.clear();
    this.#isStale = true;
    this.#reading = this.#readAll(due)
      .catch((error: unknown) => this.#outside.listener.onWarning(`the host can't be read: ${textOf(error)}`))
      .finally(() => {
        this.#reading = undefined;
        this.#isStale = false;
        this.#refresh();
      });
  }

  async #readAll(due: readonly Due[]): Promise<void> {
    const changes: StateChange[] = [];
    if (due.some(({ kind }) => kind === 'containers')) changes.push(...(await this.#readContainers()));
    const shown = new Map<FoundNamespace, Set<Shown>>();
    for (const { namespace, kind } of due) {
      if (!namespace || kind === 'containers') continue;
      shown.set(namespace, (shown.get(namespace) ?? new Set()).add(kind));
    }
    for (const [namespace, kinds] of shown)
      changes.push(...(await this.state.read(partsOf(kinds), [namespace])));
    this.#tell(changes, Math.max(...due.map(({ at }) => at)));
  }

  /** New namespaces are read whole, and captured on where nobody named the points. */
  async #readContainers(): Promise<StateChange[]> {
    const before = new Set(this.state.namespaces.map(({ inode }) => inode));
    const changes = await this.state.find();
    const added = this.state.namespaces.filter(({ inode }) => !before.has(inode));
    this.#watch.follow(this.state.namespaces);
    changes.push(...(await this.state.read(NAMESPACE_PLAN, added)));
    if (this.#options.points.length === 0) {
      changes.push(...(await this.state.read(partsOf(new Set(['network'])))));
      const points = await this.#points();
      if ('points' in points) await this.#beginTaps(points.points);
    }
    return changes;
  }

  #readLater(parts: readonly Shown[]): void {
    if (this.#reading || this.#isOver) return;
    this.#reading = this.state
      .read(partsOf(new Set(parts)))
      .then((changes) => this.#tell(changes))
      .catch((error: unknown) => this.#outside.listener.onWarning(`the host can't be read: ${textOf(error)}`))
      .finally(() => {
        this.#reading = undefined;
        this.#refresh();
      });
  }

  /** `at`: epoch milliseconds when the host said so; of what nobody told, only when it was read is certain. */
  #tell(changes: readonly StateChange[], at?: number): void {
    if (changes.length === 0) return;
    this.#changed = Math.max(
      this.#changed ?? 0,
      at ?? Math.max(...changes.map((change) => change.at * 1000)),
    );
    this.#isDirty = true;
    this.#outside.listener.onChange(changes);
  }

  async #analyse(): Promise<void> {
    const { now, analyst, listener } = this.#outside;
    const begun = now();
    if (this.#isAnalysing || this.#isOver || begun < this.#next) return;
    // Packets may have left the span although none came.
    if (!this.#isDirty && this.troubles.holding.length === 0) return;
    // Packets of now, and a state of before, would be held against each other.
    if (this.#due.size > 0 || this.#isStale) return;
    this.#isAnalysing = true;
    this.#isDirty = false;
    try {
      for (const { window } of this.#taps) window.forget(begun / 1000 - KEPT, MOST_KEPT / this.#taps.length);
      const from = this.#from(begun / 1000);
      this.span = begun / 1000 - from;
      const analysis = await analyst.analyse(this.bundle(from));
      if (this.#isOver) return;
      this.analysis = analysis;
      const changed = this.#changed === undefined ? undefined : this.#changed / 1000;
      listener.onAnalysis(analysis, this.troubles.update(analysis, begun / 1000, changed));
    } catch (error) {
      listener.onWarning(`the analysis failed: ${textOf(error)}`);
    } finally {
      this.#isAnalysing = false;
      const ended = now();
      this.#next = ended + Math.max(PAUSE, REST * (ended - begun));
    }
  }

  /** Packets from before a change of the host met another host than the one that is known now. */
  #from(now: number): number {
    const wanted = Math.max(now - SPAN, (this.#changed ?? 0) / 1000);
    const room = MOST_ANALYSED / this.#taps.length;
    const from = Math.max(wanted, ...this.#taps.map(({ window }) => window.sinceOfLast(room)));
    this.#isCut = from > wanted;
    return from;
  }
}

function partsOf(shown: ReadonlySet<Shown>) {
  return NAMESPACE_PLAN.filter(({ shows }) => shown.has(shows));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
