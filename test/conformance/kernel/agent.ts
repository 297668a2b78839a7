/** Talks to agent.py, which lives in the namespaces. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { HeldSocket } from '../case.ts';

/** agent.py's EVENT. */
export type RawEvent = NftEvent | LegacyEvent;

export interface NftEvent {
  readonly by: 'nft';
  readonly ns: string;
  readonly id: number;
  /** NFPROTO_* of the chain. */
  readonly family: number;
  readonly table: string;
  readonly chain: string;
  /** 1 policy, 2 return, 3 rule */
  readonly type: number;
  readonly handle?: number;
  readonly verdict?: number;
  readonly policy?: number;
  readonly mark?: number;
  readonly ct?: readonly [
    state: number | null,
    direction: number | null,
    status: number | null,
    id: number | null,
  ];
  readonly network?: string;
  readonly transport?: string;
}

export interface LegacyEvent {
  readonly by: 'legacy';
  readonly ns: string;
  readonly prefix: string;
  readonly packet: string;
  readonly mark?: number;
}

export interface Sent {
  readonly time: number;
  readonly errno?: number;
  readonly frames: readonly (readonly [end: number, frame: string])[];
  readonly events: readonly RawEvent[];
}

interface Answer extends Partial<Sent> {
  readonly error?: string;
  readonly status?: number;
  readonly out?: string;
  readonly err?: string;
  readonly hz?: number;
  readonly tick?: number;
}

/** Long enough for what a fragment or a second CPU delays; a veth hands frames on within send(). */
const WAIT = 0.002;

export class Agent {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private readonly waiting: ((line: string) => void)[] = [];

  constructor() {
    this.child = spawn('python3', [new URL('./agent.py', import.meta.url).pathname]);
    this.lines = createInterface({ input: this.child.stdout });
    this.lines.on('line', (line) => this.waiting.shift()?.(line));
    let complaint = '';
    this.child.stderr.on('data', (data) => {
      complaint += data;
    });
    this.child.on('exit', () => {
      const error = JSON.stringify({ error: `the agent ended: ${complaint}` });
      for (const answer of this.waiting.splice(0)) answer(error);
    });
  }

  private async ask(command: object): Promise<Answer> {
    const line = await new Promise<string>((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(`${JSON.stringify(command)}\n`);
    });
    const answer = JSON.parse(line) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async open(
    ends: readonly (readonly [netns: string, device: string])[],
    namespaces: readonly string[],
  ): Promise<void> {
    await this.ask({ open: { ends, namespaces } });
  }

  /** Sockets of a process there, until everything is forgotten. */
  async hold(netns: string, sockets: readonly HeldSocket[]): Promise<void> {
    await this.ask({ sockets: netns, held: sockets });
  }

  async forget(): Promise<void> {
    await this.ask({ close: true });
  }

  async send(end: number, frame: Uint8Array): Promise<Sent> {
    return (await this.ask({ send: end, frame: hex(frame), wait: WAIT })) as Sent;
  }

  async sendLocal(netns: string, packet: Uint8Array): Promise<Sent> {
    return (await this.ask({ local: netns, packet: hex(packet), wait: WAIT })) as Sent;
  }

  /** The ticks of jiffies, where the kernel says how many there are. */
  async clock(): Promise<{ readonly hz: number; readonly tick: number } | undefined> {
    const { hz, tick } = await this.ask({ clock: true });
    return hz === undefined || tick === undefined ? undefined : { hz, tick };
  }

  /** Settings by their names, with dots. */
  async sysctl(netns: string, values: Readonly<Record<string, number>>): Promise<void> {
    await this.ask({ sysctl: netns, values });
  }

  /** Waits for carrier, and until the ports of bridges forward. */
  async settle(namespaces: readonly string[]): Promise<void> {
    await this.ask({ settle: namespaces });
  }

  /** Waits; what comes by itself meanwhile is forgotten. */
  async idle(seconds: number): Promise<void> {
    await this.ask({ idle: seconds });
  }

  /** What a shell script printed, there or outside of all of them. Throws with what it complained of when it fails. */
  async run(netns: string | undefined, script: string): Promise<string> {
    const { status, out = '', err = '' } = await this.ask({ run: netns ?? null, script });
    if (status !== 0) throw new Error(`${err}${out}\nstatus ${status} of\n${script}`);
    return out;
  }

  close(): void {
    this.lines.close();
    this.child.stdin.end();
    this.child.kill();
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
