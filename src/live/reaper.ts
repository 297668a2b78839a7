/**
 * Ends capture programs when this process can't any more. A death signal (prctl(2), PR_SET_PDEATHSIG) is no help there: the
 * kernel forgets it when a program changes its user, as tcpdump does, which then would listen until its next packet.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** Each line adds a process or takes one away; with the end of the pipe those that are left end. */
const SCRIPT = `all=
while read -r sign pid; do
  kept=
  for each in $all; do [ "$each" = "$pid" ] || kept="$kept $each"; done
  all=$kept
  [ "$sign" = + ] && all="$all $pid"
done
[ -z "$all" ] || kill $all 2>/dev/null
# One that was stopped hears nothing until it goes on.
[ -z "$all" ] || kill -CONT $all 2>/dev/null`;

export class Reaper {
  readonly #child: ChildProcess;

  constructor() {
    // In a session of its own: what ends a terminal's programs together doesn't reach it.
    this.#child = spawn('/bin/sh', ['-c', SCRIPT], {
      env: {},
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without a shell nobody watches.
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
    this.#child.unref();
    (this.#child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  }

  watch(pid: number | undefined): void {
    if (pid !== undefined) this.#child.stdin?.write(`+ ${pid}\n`);
  }

  /** It has ended: its number may be another one's soon. */
  forget(pid: number | undefined): void {
    if (pid !== undefined) this.#child.stdin?.write(`- ${pid}\n`);
  }

  end(): void {
    this.#child.stdin?.end();
  }
}
