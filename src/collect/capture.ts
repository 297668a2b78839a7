/** One tcpdump at each point, all at once and on one clock. What they write is counted, and bounded, on its way into the files. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { viewOf } from '../base/bytes.ts';
import { shellWord } from '../base/shell.ts';
import type { CapturePoint } from './capture-points.ts';
import { asCaptureUser } from './capture-user.ts';
import { Host, kill } from './host.ts';
import { ensureFolder } from './staging.ts';

export interface CaptureLimits {
  readonly seconds: number;
  readonly filter?: string;
  /** Bytes of each packet; 0: whole. */
  readonly snaplen: number;
  /** Bytes of one point's file. */
  readonly maxBytes: number;
  /** Packets of one point. */
  readonly packets?: number;
  readonly promiscuous: boolean;
}

export interface CapturedPoint {
  readonly point: CapturePoint;
  /** In the bundle. */
  readonly path: string;
  readonly command: string;
  readonly packets: number;
  /** Packets that passed the filter and found no room; undefined: tcpdump did not tell. */
  readonly dropped?: number;
  /** Why it ended before its time, or could not begin. */
  readonly ended?: string;
  /** Epoch milliseconds. */
  readonly began: number;
}

/** Seconds until a tcpdump has to listen. */
const START_SECONDS = 10;
/** The ring hands over blocks that are not full after a second (tcpdump's pcap_set_timeout()): what came before the end is waited for. */
const SETTLE = 1100;
/** Milliseconds that a tcpdump may take to end. */
const END = 3000;

export function pathOf({ namespace, device }: CapturePoint): string {
  return `captures/${namespace.name}/${device.replaceAll('/', '_')}.pcap`;
}

/** What a person would have typed; it stands in the manifest. */
export function commandOf({ device }: CapturePoint, limits: CaptureLimits): string {
  const words = ['tcpdump', '-n', ...optionsOf(limits), '-i', device, '-w', `${device}.pcap`];
  return [...words.map(shellWord), ...(limits.filter === undefined ? [] : [shellWord(limits.filter)])].join(
    ' ',
  );
}

function optionsOf({ snaplen, packets, promiscuous }: CaptureLimits): string[] {
  return [
    ...(promiscuous ? [] : ['-p']),
    ...(snaplen > 0 ? ['-s', `${snaplen}`] : []),
    ...(packets === undefined ? [] : ['-c', `${packets}`]),
  ];
}

export class CaptureRun {
  private readonly all: Tap[];
  private readonly now: () => number;

  constructor(
    points: readonly CapturePoint[],
    limits: CaptureLimits,
    folder: string,
    host: Host,
    now: () => number,
  ) {
    this.now = now;
    this.all = points.map((point) => new Tap(point, limits, folder, host, now));
  }

  /** Resolves when each listens, or has said why it can't. */
  async listen(): Promise<void> {
    await Promise.all(this.all.map((tap) => tap.listening));
  }

  get running(): number {
    return this.all.filter((tap) => tap.runs).length;
  }

  /** At least one of them has. */
  get listened(): boolean {
    return this.all.some((tap) => tap.listened);
  }

  /** Packets so far, point by point. */
  counts(): readonly { readonly name: string; readonly packets: number }[] {
    return this.all.map(({ point, packets }) => ({
      name: `${point.namespace.name}:${point.device}`,
      packets,
    }));
  }

  /** Resolves when the time is up, no capture runs any more, or `early` does. */
  async wait(seconds: number, early: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000);
    });
    await Promise.race([time, early, Promise.all(this.all.map((tap) => tap.over))]);
    clearTimeout(timer);
  }

  async stop(): Promise<CapturedPoint[]> {
    const end = this.now() + SETTLE;
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, Math.max(0, end - this.now()))),
      Promise.all(this.all.map((tap) => tap.over)),
    ]);
    return await Promise.all(this.all.map((tap) => tap.stop()));
  }
}

/** A tcpdump whose file is written here, record by record, so that it ends whole wherever it ends. */
class Tap {
  readonly point: CapturePoint;
  readonly listening: Promise<void>;
  readonly over: Promise<void>;
  runs = true;
  listened = false;
  packets = 0;
  private readonly child: ChildProcess;
  private readonly path: string;
  private readonly limits: CaptureLimits;
  private readonly began: number;
  private file: number | undefined;
  private written = 0;
  private said = '';
  private ended: string | undefined;
  private rest: Buffer = Buffer.alloc(0);
  private headed = false;
  private little = true;
  private stopping = false;

  constructor(point: CapturePoint, limits: CaptureLimits, folder: string, host: Host, now: () => number) {
    this.point = point;
    this.limits = limits;
    this.began = now();
    this.path = pathOf(point);
    this.child = host.start(this.words(host));
    let listens = (): void => {};
    this.listening = new Promise((resolve) => {
      listens = resolve;
    });
    const timer = setTimeout(() => {
      this.ended ??= `it did not listen within ${START_SECONDS} s`;
      kill(this.child, 'SIGKILL');
    }, START_SECONDS * 1000);
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.said.length < 1 << 16) this.said += text;
      if (!/listening on/.test(this.said)) return;
      clearTimeout(timer);
      this.listened = true;
      listens();
    });
    this.child.stdout?.on('data', (chunk: Buffer) => this.take(chunk, folder));
    this.over = new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.runs = false;
        listens();
        resolve();
      };
      this.child.on('error', (error) => {
        this.ended ??= error.message;
        done();
      });
      this.child.on('close', done);
    });
  }

  /** An end of its own as well, should the collector be killed; then nobody else would end it. */
  private words(host: Host): string[] {
    const { seconds, filter } = this.limits;
    const guard =
      host.which('timeout') === undefined ? [] : ['timeout', '-s', 'INT', `${Math.ceil(seconds) + 30}`];
    return [
      ...Host.into(this.point.namespace.path),
      ...guard,
      ...['tcpdump', '-n', '-U', ...asCaptureUser(), ...optionsOf(this.limits)],
      ...['-i', this.point.device, '-w', '-'],
      // Whatever it begins with, it is no option.
      ...(filter === undefined ? [] : ['--', filter]),
    ];
  }

  /** pcap(5): 24 bytes of head, then records with their captured length at 8. */
  private take(chunk: Buffer, folder: string): void {
    if (this.ended !== undefined) return;
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const view = viewOf(this.rest);
    let at = 0;
    let packets = 0;
    if (!this.headed) {
      if (this.rest.length < 24) return;
      this.headed = true;
      this.little = view.getUint32(0, true) === 0xa1b2c3d4;
      at = 24;
    }
    while (at + 16 <= this.rest.length) {
      const next = at + 16 + view.getUint32(at + 8, this.little);
      if (next > this.rest.length) break;
      if (this.written + next > this.limits.maxBytes) {
        this.ended = `its file has reached ${sizeText(this.limits.maxBytes)}`;
        break;
      }
      packets++;
      at = next;
    }
    try {
      this.put(this.rest.subarray(0, at), folder);
      this.packets += packets;
    } catch (error) {
      this.ended = `its file can't be written: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.rest = this.rest.subarray(at);
    if (this.ended !== undefined) this.child.kill('SIGINT');
  }

  /** All of it, or nothing. */
  private put(bytes: Uint8Array, folder: string): void {
    if (this.file === undefined) {
      ensureFolder(join(folder, this.path, '..'));
      this.file = openSync(join(folder, this.path), 'wx', 0o600);
    }
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done);
    } catch (error) {
      ftruncateSync(this.file, this.written);
      throw error;
    }
    this.written += bytes.length;
  }

  async stop(): Promise<CapturedPoint> {
    this.stopping = this.runs;
    if (this.runs) this.child.kill('SIGINT');
    const timer = setTimeout(() => {
      this.ended ??= 'tcpdump did not end when it was told to: packets that it still had are missing';
      kill(this.child, 'SIGKILL');
    }, END);
    await this.over;
    clearTimeout(timer);
    if (this.file !== undefined) closeSync(this.file);
    const { point, path, packets, limits, said, began } = this;
    const dropped = /^(\d+) packets? dropped by kernel/m.exec(said)?.[1];
    const reason = this.ended ?? (this.stopping || this.headed ? this.reached() : lastWords(said));
    return {
      point,
      path,
      command: commandOf(point, limits),
      packets,
      ...(dropped === undefined ? {} : { dropped: Number(dropped) }),
      ...(reason === undefined ? {} : { ended: reason }),
      began,
    };
  }

  private reached(): string | undefined {
    if (this.stopping) return undefined;
    // As many as were asked for: nothing is lacking.
    return this.packets === this.limits.packets ? undefined : lastWords(this.said);
  }
}

/** What tcpdump said of its end, but for its figures. */
function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/listening on|^\d+ packets? /.test(line));
  return (lines.at(-1) ?? 'tcpdump ended by itself').replace(/^tcpdump: /, '').trim();
}

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.floor(bytes / 1e3)} kB` : `${Math.floor(bytes / 1e6)} MB`;
}
