/** Whom a capture program becomes once it has opened its device, so that what strangers send is taken apart by nobody who may do anything. */
import { readFileSync } from 'node:fs';

export interface CaptureUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order: Debian's own for it, and what every system has. */
const NAMES = ['tcpdump', 'nobody'];
/** capabilities(7): CAP_SETGID and CAP_SETUID. A container may lack them, and a program that can't change its user would end. */
const CHANGES_USER = 0b1100_0000n;

/** Undefined: this process isn't root, may not change its user, or there is nobody to become. */
export function captureUser(): CaptureUser | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  try {
    const [, capabilities = '0'] =
      /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    if ((BigInt(`0x${capabilities}`) & CHANGES_USER) !== CHANGES_USER) return undefined;
    const users = readFileSync('/etc/passwd', 'latin1')
      .split('\n')
      .map((line) => line.split(':'));
    for (const name of NAMES) {
      const [, , uid, gid] = users.find(([each]) => each === name) ?? [];
      if (Number(uid) > 0 && Number(gid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
    }
  } catch {
    // No /proc, or no list of users: tcpdump does what it was built for.
  }
  return undefined;
}

/** Of tcpdump(1): -Z. */
export function asCaptureUser(): string[] {
  const user = captureUser();
  return user === undefined ? [] : ['-Z', user.name];
}
