/** A program in the point's namespace that captures there: its packets come through a pipe as a pcap, and what it has to say beside. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame } from '../capture/frame.ts';
import { CaptureReader } from '../capture/scan.ts';
import type { CapturePoint } from '../collect/capture-points.ts';
import { Host, kill } from '../collect/host.ts';
import type { Tap, TapListener } from './tap.ts';

export interface CaptureProgram {
  /** In messages: `tcpdump`. */
  readonly name: string;
  /** Its words, without what enters the namespace. It says `listening on` on standard error when it does. */
  readonly words: readonly string[];
  /** SIGUSR1 makes it say how many packets the kernel had no room for. */
  readonly tellsDrops: boolean;
}

/** Milliseconds until it has to listen, and that it may take to end. */
const START = 10_000;
const END = 2000;
/** Of these, for what it hasn't read yet, and between two looks at whether it has; looks without another packet that end it. */
const CATCH_UP = 1000;
const LOOK = 20;
const MOST_LOOKS = 10;
/** What it may say beside its figures. */
const MOST_WORDS = 1 << 14;

export class ChildTap implements Tap {
  readonly point: CapturePoint;
  readonly listening: Promise<void>;
  private readonly program: CaptureProgram;
  private readonly child: ChildProcess;
  private readonly over: Promise<void>;
  private readonly listener: TapListener;
  /** It did, whatever became of it. */
  hasListened = false;
  private frames = 0;
  /** Packets for it, by what it said last. */
  private due: number | undefined;
  private said = '';
  private stopping = false;
  private isOver = false;

  constructor(point: CapturePoint, program: CaptureProgram, host: Host, listener: TapListener) {
    this.point = point;
    this.program = program;
    this.listener = listener;
    const child = host.start([...Host.into(point.namespace.path), ...ending(host), ...program.words]);
    this.child = child;
    const onFrame = (frame: Frame): void => {
      this.frames++;
      listener.onFrame(frame);
    };
    const reader = new CaptureReader(onFrame, { isPrompt: true });
    child.stdout?.on('data', (block: Buffer) => reader.push(block));
    let listens = (): void => {};
    this.listening = new Promise((resolve) => {
      listens = resolve;
    });
    const timer = setTimeout(() => {
      this.said += `\n${program.name} did not listen within ${START / 1000} s`;
      kill(child, 'SIGKILL');
    }, START);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.hear(text);
      if (!/listening on/.test(this.said)) return;
      clearTimeout(timer);
      this.hasListened = true;
      listens();
    });
    this.over = new Promise((resolve) => {
      const done = (reason: string): void => {
        if (this.isOver) return;
        this.isOver = true;
        clearTimeout(timer);
        listens();
        resolve();
        if (!this.stopping) listener.onEnd(reason);
      };
      child.on('error', (error) => done(error.message));
      child.on('close', () => done(this.lastWords()));
    });
  }

  /** `tcpdump: 5 packets captured, 7 packets received by filter, 0 packets dropped by kernel`, each time it is asked. */
  private hear(text: string): void {
    this.said = `${this.said}${text}`;
    const figures = [
      ...this.said.matchAll(/(\d+) packets? received by filter,? (\d+) packets? dropped by kernel/g),
    ].at(-1);
    if (!figures) {
      this.said = this.said.slice(-MOST_WORDS);
      return;
    }
    const [received, dropped] = [Number(figures[1]), Number(figures[2])];
    this.due = received - dropped;
    this.listener.onStatistics({ received, dropped });
    this.said = this.said.slice((figures.index ?? 0) + figures[0].length);
  }

  /** Of the program; undefined: it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  ask(): void {
    if (this.program.tellsDrops && !this.isOver) this.child.kill('SIGUSR1');
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const timer = setTimeout(() => kill(this.child, 'SIGKILL'), END);
    await this.catchUp();
    if (!this.isOver) this.child.kill('SIGINT');
    await this.over;
    clearTimeout(timer);
  }

  /** Packets that passed are still in the kernel's buffer where it had no time to read them: SIGINT would lose them. */
  private async catchUp(): Promise<void> {
    this.due = undefined;
    this.ask();
    const deadline = Date.now() + CATCH_UP;
    let looks = 0;
    let frames = this.frames;
    const isBehind = () => this.program.tellsDrops && this.frames < (this.due ?? Number.POSITIVE_INFINITY);
    // On `lo` and `any` the kernel counts packets that libpcap leaves out: those never come.
    while (!this.isOver && isBehind() && looks < MOST_LOOKS && Date.now() < deadline) {
      await delay(LOOK);
      if (this.due !== undefined) looks = this.frames === frames ? looks + 1 : 0;
      frames = this.frames;
    }
  }

  /** What it said of its end, but for its figures. */
  private lastWords(): string {
    const { name } = this.program;
    const lines = this.said
      .split('\n')
      .filter((line) => line.trim() !== '' && !/listening on|^(tcpdump: )?\d+ packets? |^,/.test(line));
    return (lines.at(-1) ?? `${name} ended by itself`).replace(`${name}: `, '').trim();
  }
}

/** It ends with this process, however that ends. */
function ending(host: Host): readonly string[] {
  return host.which('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'INT'];
}
