/** A `nettrace live --headless` that runs beside a test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { LiveEvent } from '../../src/live/events.ts';

export function sh(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

/** What it it has told so far. */
export class Following {
  readonly events: LiveEvent[] = [];
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  complaint = '';
  private listeners: (() => void)[] = [];

  /** `only`: others make and delete namespaces meanwhile. */
  constructor(only: readonly string[], words: readonly string[]) {
    const options = [
      'live',
      '--headless',
      '--format',
      'jsonl',
      '--host-namespace',
      'own',
      '--only',
      only.join(),
      ...words,
    ];
    this.child = spawn(process.execPath, ['bin/nettrace.js', ...options]);
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      this.events.push(...lines.map((line) => JSON.parse(line) as LiveEvent));
      for (const listener of this.listeners) listener();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaint += text;
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  /** The first event from the `from`th on of which it holds. */
  async until(what: string, holds: (event: LiveEvent) => boolean, from = 0): Promise<LiveEvent> {
    const deadline = Date.now() + 40_000;
    for (;;) {
      const found = this.events.slice(from).find(holds);
      if (found) return found;
      if (Date.now() > deadline || this.child.exitCode !== null)
        throw new Error(`no ${what}; told: ${this.told()} ${this.complaint}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.listeners = [
          () => {
            clearTimeout(timer);
            resolve();
          },
        ];
      });
    }
  }

  private told(): string {
    return this.events.map((event) => JSON.stringify(event).slice(0, 150)).join('\n');
  }
}

export const causeIs = (cause: string) => (event: LiveEvent) =>
  event.event === 'finding' && event.finding.cause === cause;
export const isOver = (cause: string) => (event: LiveEvent) => event.event === 'end' && event.cause === cause;
