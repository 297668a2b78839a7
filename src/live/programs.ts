/** What captures: tcpdump, or Node with the package cap where that was built. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asCaptureUser, captureUser } from '../collect/capture-user.ts';
import type { Host } from '../collect/host.ts';
import type { CaptureProgram } from './child-tap.ts';
import type { TapLimits } from './tap.ts';

export type Backend = 'tcpdump' | 'cap';

/** KiB of the kernel's buffer, for when this process is busy (tcpdump's own: 2 MiB). */
const BUFFER = 8192;
/** Is there where the program was bundled. */
const CHILD = 'cap-child.cjs';

/**
 * Those that can be used here, the better one first. tcpdump has the kernel's time of each packet and tells what the kernel dropped;
 * libpcap tells cap both, and cap tells nobody.
 */
export function backends(host: Host): Backend[] {
  return [
    ...(host.which('tcpdump') === undefined ? [] : (['tcpdump'] as const)),
    ...(capChild() === undefined ? [] : (['cap'] as const)),
  ];
}

export function programOf(backend: Backend, device: string, limits: TapLimits): CaptureProgram {
  return backend === 'tcpdump' ? tcpdump(device, limits) : cap(device, limits);
}

function tcpdump(device: string, { filter, snaplen, promiscuous }: TapLimits): CaptureProgram {
  return {
    name: 'tcpdump',
    words: [
      ...['tcpdump', '-n', '-U', '--immediate-mode', '-B', `${BUFFER}`, '-s', `${snaplen}`],
      ...asCaptureUser(),
      ...(promiscuous ? [] : ['-p']),
      ...['-i', device, '-w', '-'],
      ...(filter === undefined ? [] : ['--', filter]),
    ],
    tellsDrops: true,
  };
}

/** Always promiscuous: cap doesn't ask. */
function cap(device: string, { filter, snaplen }: TapLimits): CaptureProgram {
  const user = captureUser();
  const become = user ? `${user.uid}:${user.gid}` : '-';
  const words = [process.execPath, capChild() ?? CHILD, device, `${snaplen}`, `${BUFFER}`, become];
  return { name: 'cap', words: filter === undefined ? words : [...words, filter], tellsDrops: false };
}

/** Its program, where cap was built. */
function capChild(): string | undefined {
  const child = fileURLToPath(new URL(CHILD, import.meta.url));
  if (!existsSync(child)) return undefined;
  try {
    const entry = createRequire(import.meta.url).resolve('cap');
    return existsSync(join(dirname(entry), '..', 'build', 'Release', 'cap.node')) ? child : undefined;
  } catch {
    return undefined;
  }
}
