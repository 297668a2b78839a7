/** All capture points of a followed host. */
import type { Frame } from '../capture/frame.ts';
import type { CollectedFile } from '../collect/bundle.ts';
import type { CapturePoint } from '../collect/capture-points.ts';
import type { Host } from '../collect/host.ts';
import { PointTap } from './point-tap.ts';
import { type Backend, programOf } from './programs.ts';
import { Reaper } from './reaper.ts';
import { nameOf, type TapLimits } from './tap.ts';

export interface TapsListener {
  /** `point`: a number that no other point has or had; `bytes`: what it takes to keep it; the frame is valid during the call only. False: it isn't kept. */
  onPacket(point: number, frame: Frame, bytes: number, place: CapturePoint): boolean;
  /** `isNews`: it had listened. One that is tried again and can't begin is none. */
  onEnd(point: CapturePoint, reason: string, isNews: boolean): void;
  /** It had ended, and listens again. */
  onAgain(point: CapturePoint): void;
  /** It gives no answer any more, or does so again. */
  onSilence(point: CapturePoint, isSilent: boolean): void;
}

/** Bytes that are kept of all points together, and for how many seconds. */
export const MOST_KEPT = 6 << 20;
const KEPT = 60;
const GONE = 'its namespace is gone';

export class Taps {
  readonly all: PointTap[] = [];
  readonly #backend: Backend;
  readonly #limits: TapLimits;
  readonly #host: Host;
  readonly #listener: TapsListener;
  readonly #numbers = new WeakMap<PointTap, number>();
  #reaper: Reaper | undefined;
  #begun = 0;

  constructor(backend: Backend, limits: TapLimits, host: Host, listener: TapsListener) {
    this.#backend = backend;
    this.#limits = limits;
    this.#host = host;
    this.#listener = listener;
  }

  /** Begins those that aren't there yet, or have ended; the others go on. Resolves when they listen, or have ended. */
  async begin(points: readonly CapturePoint[]): Promise<void> {
    const ended = new Set(
      this.all.filter((tap) => tap.ended !== undefined).map(({ point }) => nameOf(point)),
    );
    const begun = points
      .filter((point) => !this.#goesOn(point))
      .map((point) => this.#tap(point, ended.has(nameOf(point))));
    this.all.push(...begun);
    await Promise.all(begun.map(({ listening }) => listening));
    for (const { point, hasListened } of begun)
      if (hasListened && ended.has(nameOf(point))) this.#listener.onAgain(point);
  }

  /** What ended, isn't wanted any more, and has no packets left goes: containers come and go for weeks. */
  drop(wanted: readonly CapturePoint[]): void {
    const names = new Set(wanted.map(nameOf));
    for (const [index, { ended, point, window }] of [...this.all.entries()].reverse())
      if (ended !== undefined && !names.has(nameOf(point)) && window.packets === 0) this.all.splice(index, 1);
  }

  /** Those of namespaces that aren't there any more end: they would keep them alive. */
  leave(isThere: (point: CapturePoint) => boolean): void {
    for (const tap of this.all) if (tap.ended === undefined && !isThere(tap.point)) void tap.leave(GONE);
  }

  /** One of the same name that can't go on makes room. */
  #goesOn(point: CapturePoint): boolean {
    const index = this.all.findIndex((tap) => nameOf(tap.point) === nameOf(point));
    const tap = this.all[index];
    if (!tap) return false;
    if (tap.ended === undefined && tap.point.namespace.inode === point.namespace.inode) return true;
    this.all.splice(index, 1);
    // In a namespace that nobody else has any more it would keep that alive.
    void tap.stop();
    return false;
  }

  #tap(point: CapturePoint, isTriedAgain: boolean): PointTap {
    const { snaplen } = this.#limits;
    const program = programOf(this.#backend, point.device, this.#limits);
    const number = this.#begun++;
    const tap = new PointTap(point, program, snaplen, this.#host, {
      onPacket: (frame, bytes) => this.#listener.onPacket(number, frame, bytes, point),
      onEnd: (reason) => {
        this.#reaper?.forget(tap.pid);
        this.#listener.onEnd(point, reason, tap.hasListened || !isTriedAgain);
      },
      onSilence: (isSilent) => this.#listener.onSilence(point, isSilent),
    });
    this.#reaper ??= new Reaper();
    this.#reaper.watch(tap.pid);
    this.#numbers.set(tap, number);
    return tap;
  }

  /** Gives up packets that are too old, or too many; `now`: epoch seconds. */
  forget(now: number): void {
    for (const { window } of this.all) window.forget(now - KEPT, MOST_KEPT / this.all.length);
  }

  /** Epoch seconds up to which all points have told of their packets. */
  toldUntil(now: number): number {
    return Math.min(
      now,
      ...this.all.filter(({ ended }) => ended === undefined).map((tap) => tap.toldUntil(now)),
    );
  }

  /** Epoch seconds from which on all packets together are at most so many bytes; -Infinity: they are no more. */
  sinceOfLast(most: number): number {
    return Math.max(...this.all.map(({ window }) => window.sinceOfLast(most / this.all.length)));
  }

  /** Packets since a time (epoch seconds), those of which `isMeant` is true: a file of a bundle for each point that saw any. */
  captures(
    from: number,
    isMeant?: (point: number, frame: Frame) => boolean,
  ): { readonly file: CollectedFile; readonly bytes: Uint8Array }[] {
    return this.all.flatMap((tap) => {
      const { point, window } = tap;
      const dropped = tap.droppedSince(from);
      const { namespace, device } = point;
      const number = this.#numbers.get(tap) ?? -1;
      const bytes = window.capture(from, isMeant && ((frame) => isMeant(number, frame)));
      if (!bytes) return [];
      const file = {
        path: `captures/${namespace.name}/${device.replaceAll('/', '_')}.pcap`,
        namespace: namespace.name,
        interface: device,
        ...(dropped !== undefined && { dropped }),
      };
      return [{ file, bytes }];
    });
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.all.map(async (tap) => {
        await tap.stop();
        this.#reaper?.forget(tap.pid);
      }),
    );
    this.#reaper?.end();
  }
}
