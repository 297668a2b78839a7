/** What the screen and the lines have in common: a host that is followed until somebody has had enough. */
import { printable } from '../../../base/printable.ts';
import type { Host } from '../../../collect/host.ts';
import type { Live, LiveOptions } from '../../../live/live.ts';
import { type Backend, backends } from '../../../live/programs.ts';
import { ShellHost } from '../../../live/shell-host.ts';
import type { LiveCommandOptions } from '../../commands/live.ts';
import { type Io, UsageError } from '../../io.ts';
import { atExit, onInterrupt } from '../../signals.ts';

export class Followed {
  readonly host: Host;
  readonly backend: Backend;
  readonly end: () => void;
  readonly #ended: Promise<void>;
  readonly #release: () => void;

  constructor(options: LiveCommandOptions, io: Io) {
    this.host = new ShellHost(io.env);
    this.backend = backendOf(this.host, options);
    let end = (): void => {};
    this.#ended = new Promise((resolve) => {
      end = resolve;
    });
    this.end = end;
    const killAll = (): void => this.host.killAll();
    const stay = atExit(killAll);
    const quiet = onInterrupt((times, status) => {
      if (times === 1) this.end();
      else process.exit(status);
    });
    this.#release = () => {
      quiet();
      stay();
      killAll();
    };
  }

  /** Resolves when it was told to end, or so many seconds are over. */
  async ended(seconds: number | undefined): Promise<void> {
    const timer = seconds === undefined ? undefined : setTimeout(this.end, seconds * 1000);
    await this.#ended;
    clearTimeout(timer);
  }

  release(): void {
    this.#release();
  }
}

export function liveOptions(options: LiveCommandOptions, { backend }: Followed): LiveOptions {
  return {
    points: options.interfaces,
    scope: { hostChoice: options.hostNamespace, only: options.only },
    backend,
    limits: {
      snaplen: options.snaplen,
      promiscuous: options.promiscuous,
      ...(options.filter !== undefined && { filter: options.filter }),
    },
  };
}

/** Throws what can't be had. */
export async function beginLive(live: Live): Promise<void> {
  const wrong = await live.begin();
  if (wrong) throw new UsageError(printable(wrong.wrong), wrong.hint);
}

function backendOf(host: Host, { backend: wanted }: LiveCommandOptions): Backend {
  const usable = backends(host);
  const chosen = wanted === 'auto' ? usable[0] : usable.find((each) => each === wanted);
  if (chosen !== undefined) return chosen;
  if (wanted === 'cap')
    throw new UsageError(
      'the package cap was not built here',
      "It needs libpcap's headers (libpcap-dev) and a compiler when nettrace is installed: npm rebuild cap",
    );
  throw new UsageError(
    wanted === 'tcpdump'
      ? 'tcpdump is not installed'
      : 'nothing captures here: tcpdump is not installed, and cap was not built',
    'Install tcpdump; or libpcap-dev and a compiler, and then: npm rebuild cap',
  );
}
