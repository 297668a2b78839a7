/** A running host, followed: its packets at several points, its state as it changes, and an analysis of the last of both again and again. */
import type { CapturePoint } from '../collect/capture-points.ts';
import type { Host } from '../collect/host.ts';
import { resolveFiles } from '../input/resolve.ts';
import type { Analysis } from '../report/analysis.ts';
import { buildSnapshot } from '../snapshot/build.ts';
import { Again } from './again.ts';
import type { Analyst, BundleFile } from './analyst.ts';
import { withoutOthers } from './connections.ts';
import { FlowBook } from './flow-book.ts';
import { Follower } from './follower.ts';
import type { HostState, Scope, StateChange } from './host-state.ts';
import { LinkBook, type LinkRates } from './link-book.ts';
import { namedPoints, type Points } from './named-points.ts';
import { PacketFeed, type PacketsKept } from './packet-feed.ts';
import type { LivePoint } from './point-tap.ts';
import { sensiblePoints } from './points.ts';
import type { Backend } from './programs.ts';
import type { Recorder } from './recorder.ts';
import { RuleBook, type RulesRead } from './rule-book.ts';
import type { Sampling } from './sampler.ts';
import { Tally } from './tally.ts';
import { nameOf, type TapLimits } from './tap.ts';
import { MOST_KEPT, Taps } from './taps.ts';
import { type News, Troubles } from './troubles.ts';

export interface LiveOptions {
  /** `br0`, `web:eth0`, `red:any`; empty: sensible ones. */
  readonly points: readonly string[];
  readonly scope: Scope;
  readonly limits: TapLimits;
  readonly backend: Backend;
}

export interface LiveListener {
  onChange(changes: readonly StateChange[]): void;
  onAnalysis(analysis: Analysis, news: News): void;
  /** Something that can't be done, in a sentence. */
  onWarning(text: string): void;
  /** Half a second is over: what is counted may be other than before. */
  onCount?(): void;
}

export interface LiveOutside {
  /** Keeps what is captured. */
  readonly recorder?: Recorder | undefined;
  readonly host: Host;
  readonly analyst: Analyst;
  /** Epoch milliseconds. */
  now(): number;
  readonly listener: LiveListener;
}

/** What the command line asks for and can't have. */
export interface Wrong {
  readonly wrong: string;
  readonly hint: string;
}

/** Milliseconds between two looks at whether there is something to analyse, and two analyses at least. */
const LOOK = 100;
/** How often packets that came are told to the flows. */
const COUNT = 500;
const PAUSE = 400;
/** An analysis is followed by a pause of so many times its length: the host has other things to do. */
const REST = 2;
/** Seconds after which a point that tells of its packets late isn't waited for any more. */
const MOST_LATE = 5;
/** Seconds of packets that are looked at. */
const SPAN = 10;
/** Seconds by which the clock may be set back without a word. */
const BACK = 1;

export class Live {
  readonly troubles = new Troubles();
  readonly flows: FlowBook;
  analysis: Analysis | undefined;
  /** Analyses so far, and the seconds that all of them and the last one took. */
  readonly work = { analyses: 0, seconds: 0, last: 0 };
  /** Seconds of packets that the last analysis had. */
  span = SPAN;
  /** More packets came than it was given: only the last of them. */
  isBehind = false;
  readonly #options: LiveOptions;
  readonly #outside: LiveOutside;
  readonly #follower: Follower;
  readonly #taps: Taps;
  readonly #tally: Tally;
  readonly #feed: PacketFeed;
  readonly #links = new LinkBook();
  readonly #rules = new RuleBook();
  #isWatchingRules = false;
  readonly #timers: NodeJS.Timeout[] = [];
  /** An interface comes up again, a program that was killed can be run again: captures that ended are tried again. */
  readonly #again = new Again(async () => {
    await this.#onNamespaces();
    return this.#lacksTap();
  });
  #failure: string | undefined;
  /** Epoch milliseconds: when the host changed last, and before which there is no next analysis. */
  #changed: number | undefined;
  #next = 0;
  /** Epoch seconds: flows that were over soon after it are not whole. */
  #cut = Number.NEGATIVE_INFINITY;
  #isAnalysing = false;
  #passed: ReadonlySet<string> = new Set();
  /** Epoch milliseconds: when something came last, and up to when the last analysis looked. */
  #touched = 0;
  /** Epoch milliseconds of the last look. */
  #time = 0;
  #looked = 0;
  #isBegun = false;
  #isOver = false;
  #beginning: Promise<Wrong | undefined> | undefined;

  constructor(options: LiveOptions, outside: LiveOutside) {
    const { host, now, listener } = outside;
    this.#options = options;
    this.#outside = outside;
    this.#follower = new Follower(host, options.scope, now, {
      onChange: (changes, at) => this.#onChange(changes, at),
      onNamespaces: () => this.#onNamespaces(),
      onWarning: (text) => listener.onWarning(text),
      isNear: ({ name }) => this.#isNear(name),
    });
    this.#tally = new Tally({
      room: MOST_KEPT / SPAN,
      onForget: () => this.flows.count(now() / 1000),
    });
    this.flows = new FlowBook(this.#tally);
    this.#taps = new Taps(options.backend, options.limits, host, {
      onPacket: (point, frame, bytes, place) => {
        outside.recorder?.onFrame(place, frame);
        this.#touched = this.#outside.now();
        return this.#tally.add(point, frame, bytes);
      },
      onEnd: (point, reason, isNews) => {
        // Before that, whoever begins is told of it.
        if (!this.#isBegun || this.#isOver) return;
        if (isNews) listener.onWarning(`the capture on ${nameOf(point)} ended: ${reason}`);
        this.#again.begin();
      },
      onAgain: (point) => listener.onWarning(`the capture on ${nameOf(point)} goes on`),
      onSilence: (point, isSilent) =>
        listener.onWarning(
          isSilent
            ? `the capture on ${nameOf(point)} gives no answer: what passes there isn’t seen for now`
            : `the capture on ${nameOf(point)} answers again`,
        ),
    });
    this.#feed = new PacketFeed(() =>
      this.#taps.all.map(({ point, window }) => ({ name: nameOf(point), window })),
    );
  }

  /** The packets that are kept now. */
  get packets(): PacketsKept {
    return this.#feed.take();
  }

  /** What passes links, by the kernel's counters as they were read last. */
  get links(): LinkRates {
    return this.#links.update(this.state);
  }

  /** Rules of the namespaces that packets pass, with their counters as they were read last; while nobody looks, as they were then. */
  get rules(): RulesRead {
    if (!this.#isWatchingRules) return this.#rules.last;
    return this.#rules.update(
      this.state,
      this.state.namespaces.filter(({ name }) => this.#isNear(name)),
    );
  }

  /** Whether somebody looks at the counters of rules: then they are read more often. */
  watchRules(isWatched: boolean): void {
    if (isWatched === this.#isWatchingRules) return;
    this.#isWatchingRules = isWatched;
    this.#follower.watchRules(isWatched);
  }

  /** Resolves when the points listen, all that can, or it is stopped. */
  begin(): Promise<Wrong | undefined> {
    this.#beginning = this.#begin();
    return this.#beginning;
  }

  async #begin(): Promise<Wrong | undefined> {
    await this.#follower.begin();
    if (this.#isOver) return undefined;
    const wanted = await this.#points();
    if (this.#isOver) return undefined;
    if ('wrong' in wanted) return wanted;
    if (wanted.points.length === 0)
      return {
        wrong: 'there is no interface to capture on: none is up but loopback',
        hint: 'Name one with -i, such as -i host:any.',
      };
    this.#outside.recorder?.begin(() => this.state.bundle([]));
    await this.#taps.begin(wanted.points);
    if (this.#isOver) return undefined;
    const failed = this.#taps.all.filter(({ ended }) => ended !== undefined);
    if (failed.length === this.#taps.all.length)
      return {
        wrong: `no capture could begin: ${failed[0]?.ended ?? ''}`,
        hint: this.#outside.host.root
          ? 'Name other interfaces with -i.'
          : 'Capturing needs root, or CAP_NET_RAW and CAP_NET_ADMIN: sudo nettrace live',
      };
    this.#isBegun = true;
    this.#timers.push(
      setInterval(() => void this.#analyse(), LOOK),
      setInterval(() => {
        this.flows.count(this.#outside.now() / 1000);
        this.#outside.listener.onCount?.();
      }, COUNT),
    );
    return undefined;
  }

  get state(): HostState {
    return this.#follower.state;
  }

  /** Where more packets come than are kept: of whole flows a part. Undefined: all are. */
  get sampling(): Sampling | undefined {
    return this.#tally.sampling;
  }

  get points(): readonly LivePoint[] {
    return this.#taps.all;
  }

  /** What is analysed, or would be saved: packets since a time (epoch seconds), and the state as it is known now. */
  bundle(from: number, until = Number.POSITIVE_INFINITY): BundleFile[] {
    const captures = this.#taps.captures(
      from,
      (point, frame) =>
        frame.seconds + frame.nanoseconds / 1e9 < until && this.#tally.isMeant(point, frame, this.#cut),
    );
    return [
      ...this.state.bundle(
        captures.map(({ file }) => file),
        (path, text) =>
          /\/(proc-net-nf_)?conntrack\.txt$/.test(path)
            ? withoutOthers(text, (face) => this.#tally.isKept(face))
            : text,
      ),
      ...captures.map(({ file, bytes }) => ({ name: file.path, bytes })),
    ];
  }

  /** What the packets of the last analysis would meet after a command; rejects with why it can't be tried. */
  tryOut(command: string): Promise<Analysis> {
    return this.#outside.analyst.analyse(this.bundle(this.#outside.now() / 1000 - this.span), [command]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#again.end();
    this.#follower.stop();
    if (!this.#isBegun) {
      // What it asks for, and may get no answer to, isn't waited for.
      this.#outside.host.killAll();
      await this.#beginning?.catch(() => {});
    }
    await this.#taps.stop();
    this.#outside.recorder?.end();
    this.#outside.analyst.end();
    this.#outside.host.killAll();
  }

  async #points(named = this.#options.points): Promise<Points> {
    const { namespaces } = this.state;
    if (named.length > 0) return await namedPoints(named, namespaces, this.#outside.host);
    const { snapshot } = buildSnapshot(await resolveFiles('live', this.state.bundle([])));
    return { points: sensiblePoints(snapshot, namespaces) };
  }

  /** Points that nobody named follow the host; those that somebody named are waited for. */
  async #onNamespaces(): Promise<void> {
    if (!this.#isBegun || this.#isOver) return;
    const inodes = new Set(this.state.namespaces.map(({ inode }) => inode));
    this.#taps.leave(({ namespace }) => inodes.has(namespace.inode));
    const isNamed = this.#options.points.length > 0;
    const wanted = isNamed ? await this.#named() : await this.#points();
    if ('wrong' in wanted || this.#isOver) return;
    if (!isNamed) this.#taps.drop(wanted.points);
    await this.#taps.begin(wanted.points);
  }

  /** Of the points that somebody named, those that are there. */
  async #named(): Promise<{ readonly points: readonly CapturePoint[] }> {
    const found = await Promise.all(this.#options.points.map((point) => this.#points([point])));
    return { points: found.flatMap((each) => ('points' in each ? each.points : [])) };
  }

  #lacksTap(): boolean {
    return this.#taps.all.some(({ ended }) => ended !== undefined);
  }

  #onChange(changes: readonly StateChange[], at: number): void {
    // Elsewhere it is no other host for these packets.
    if (changes.some(({ namespace }) => namespace === undefined || this.#isNear(namespace))) {
      this.#changed = Math.max(this.#changed ?? 0, at);
      this.#outside.recorder?.onChange(at);
    }
    this.#touched = this.#outside.now();
    if (this.#lacksTap()) this.#again.now();
    if (this.#isBegun) this.#outside.listener.onChange(changes);
  }

  /** Packets are captured there, or pass it by what the last analysis says. */
  #isNear(namespace: string): boolean {
    return (
      this.#taps.all.some(({ point }) => point.namespace.name === namespace) || this.#passed.has(namespace)
    );
  }

  /** Somebody set the clock back: what is remembered is of times to come, and is left aside. */
  #onClockBack(seconds: number): void {
    for (const tap of this.#taps.all) tap.onClockBack();
    this.#changed = undefined;
    this.#next = 0;
    this.#looked = 0;
    this.#touched = this.#time;
    this.#outside.recorder?.onChange(Number.POSITIVE_INFINITY);
    this.#outside.listener.onWarning(
      `the clock went back by ${seconds.toFixed(0)} s: packets of before are left aside`,
    );
  }

  async #analyse(): Promise<void> {
    const { now, analyst, listener } = this.#outside;
    const begun = now();
    const back = (this.#time - begun) / 1000;
    this.#time = begun;
    if (back > BACK) this.#onClockBack(back);
    if (this.#isAnalysing || this.#isOver || begun < this.#next) return;
    // Packets may have left the span although none came.
    if (this.#touched < this.#looked && this.troubles.holding.length === 0) return;
    // Packets of now, and a state of before, would be held against each other.
    if (this.#follower.isStale) return;
    this.#isAnalysing = true;
    // Of a packet that passed several points, some may not have told yet.
    this.#looked = 1000 * Math.max(begun / 1000 - MOST_LATE, this.#taps.toldUntil(begun / 1000));
    try {
      const from = this.#from(begun / 1000);
      const analysis = await analyst.analyse(this.bundle(from, this.#looked / 1000));
      if (this.#isOver) return;
      this.#note((now() - begun) / 1000);
      this.analysis = analysis;
      this.flows.update(analysis, begun / 1000, this.#isWhole(analysis) ? from : undefined);
      this.#passed = passedBy(analysis);
      this.span = begun / 1000 - from;
      const changed = this.#changed === undefined ? undefined : this.#changed / 1000;
      listener.onAnalysis(analysis, this.troubles.update(analysis, begun / 1000, changed));
      this.#failure = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Where each fails alike, it is said once.
      if (reason !== this.#failure && !this.#isOver) listener.onWarning(`the analysis failed: ${reason}`);
      this.#failure = reason;
    } finally {
      this.#isAnalysing = false;
      const ended = now();
      this.#next = ended + Math.max(PAUSE, REST * (ended - begun));
    }
  }

  /** No flow of its time is left out. */
  #isWhole({ flows, counted }: Analysis): boolean {
    const listed = flows.filter((flow) => flow.counted === true).length;
    return !this.isBehind && !this.sampling && listed === (counted?.flows ?? 0);
  }

  #note(seconds: number): void {
    this.work.analyses++;
    this.work.seconds += seconds;
    this.work.last = seconds;
  }

  /** Packets from before a change of the host met another host than the one that is known now. */
  #from(now: number): number {
    this.#taps.forget(now);
    const wanted = Math.max(now - SPAN, (this.#changed ?? 0) / 1000);
    const from = Math.max(wanted, this.#taps.sinceOfLast(MOST_KEPT));
    this.isBehind = from > wanted;
    // What comes after a change of the host is needed at once, and of flows that go on.
    this.#cut = from > (this.#changed ?? 0) / 1000 ? from : Number.NEGATIVE_INFINITY;
    return from;
  }
}

function passedBy({ flows }: Analysis): ReadonlySet<string> {
  return new Set(
    flows.flatMap(({ predicted, predictedReply = [] }) =>
      [...predicted, ...predictedReply].map(({ namespace }) => namespace),
    ),
  );
}
