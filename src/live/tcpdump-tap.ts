/** A tcpdump in the point's namespace, whose packets come through a pipe. */
import type { ChildProcess } from 'node:child_process';
import { CaptureReader } from '../capture/scan.ts';
import type { CapturePoint } from '../collect/capture-points.ts';
import { Host, kill } from '../collect/host.ts';
import type { Tap, TapLimits, TapListener } from './tap.ts';

/** Milliseconds until it has to listen, and that it may take to end. */
const START = 10_000;
const END = 2000;
/** KiB of the kernel's buffer, for when this process is busy (tcpdump's own: 2 MiB). */
const BUFFER = 8192;
/** What it may say beside its figures. */
const MOST_WORDS = 1 << 14;

export function tcpdumpTap(point: CapturePoint, limits: TapLimits, host: Host, listener: TapListener): Tap {
  return new TcpdumpTap(point, limits, host, listener);
}

class TcpdumpTap implements Tap {
  readonly point: CapturePoint;
  readonly listening: Promise<void>;
  private readonly child: ChildProcess;
  private readonly over: Promise<void>;
  private readonly listener: TapListener;
  private said = '';
  private stopping = false;
  private isOver = false;

  constructor(point: CapturePoint, limits: TapLimits, host: Host, listener: TapListener) {
    this.point = point;
    this.listener = listener;
    const child = host.start(wordsOf(point, limits, host));
    this.child = child;
    const reader = new CaptureReader((frame) => listener.onFrame(frame));
    child.stdout?.on('data', (block: Buffer) => reader.push(block));
    let listens = (): void => {};
    this.listening = new Promise((resolve) => {
      listens = resolve;
    });
    const timer = setTimeout(() => {
      this.said += `\ntcpdump did not listen within ${START / 1000} s`;
      kill(child, 'SIGKILL');
    }, START);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.hear(text);
      if (!/listening on/.test(this.said)) return;
      clearTimeout(timer);
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
      child.on('close', () => done(lastWords(this.said)));
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
    this.listener.onStatistics({ received: Number(figures[1]), dropped: Number(figures[2]) });
    this.said = this.said.slice((figures.index ?? 0) + figures[0].length);
  }

  ask(): void {
    if (!this.isOver) this.child.kill('SIGUSR1');
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.isOver) return;
    this.child.kill('SIGINT');
    const timer = setTimeout(() => kill(this.child, 'SIGKILL'), END);
    await this.over;
    clearTimeout(timer);
  }
}

/** It ends with this process, however that ends. */
function wordsOf(
  { namespace, device }: CapturePoint,
  { filter, snaplen, promiscuous }: TapLimits,
  host: Host,
): string[] {
  return [
    ...Host.into(namespace.path),
    ...(host.which('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'INT']),
    ...['tcpdump', '-n', '-U', '--immediate-mode', '-B', `${BUFFER}`, '-s', `${snaplen}`],
    ...(promiscuous ? [] : ['-p']),
    ...['-i', device, '-w', '-'],
    ...(filter === undefined ? [] : [filter]),
  ];
}

/** What tcpdump said of its end, but for its figures. */
export function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/listening on|^(tcpdump: )?\d+ packets? |^,/.test(line));
  return (lines.at(-1) ?? 'tcpdump ended by itself').replace(/^tcpdump: /, '').trim();
}
