/**
 * The kernel's own reasons for dropping packets, from the skb:kfree_skb trace point, where tracefs is to be had. The
 * trace covers the machine, so a reason that was seen supports a recording and one more says nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';

const TRACEFS = '/run/tracing';
/** A buffer of our own, for this sandbox: several recordings may run at a time. */
const INSTANCE = `${TRACEFS}/instances/nettrace-record-${statSync('/proc/self/ns/net').ino}`;
const SWITCH = `${INSTANCE}/events/skb/kfree_skb/enable`;
const EVENT = /: kfree_skb: .*location=([^\s+]+)\S* reason: (\S+)/;
/** Reasons that say nothing about a packet's way. */
const IDLE = new Set([
  'NOT_SPECIFIED',
  'SKB_CONSUMED',
  'SOCKET_CLOSE',
  'PACKET_SOCK_ERROR',
  'UNIX_DISCONNECT',
]);

/** @returns {{ stop(): Record<string, number> }} reason@function → times, since the start */
export function watchDrops() {
  mkdirSync(TRACEFS, { recursive: true });
  spawnSync('mount', ['-t', 'tracefs', 'tracefs', TRACEFS]);
  if (!existsSync(`${TRACEFS}/instances`)) return { stop: () => ({}) };
  // Another recording on this machine uses the same buffer, and may take it away at any time.
  try {
    mkdirSync(INSTANCE, { recursive: true });
    writeFileSync(`${INSTANCE}/trace`, '');
    writeFileSync(SWITCH, '1');
  } catch {
    return { stop: () => ({}) };
  }
  return {
    stop() {
      const counts = {};
      if (!existsSync(SWITCH)) return counts;
      writeFileSync(SWITCH, '0');
      for (const line of readFileSync(`${INSTANCE}/trace`, 'utf8').split('\n')) {
        const event = EVENT.exec(line);
        if (event === null || IDLE.has(event[2])) continue;
        const key = `${event[2]}@${event[1]}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      spawnSync('rmdir', [INSTANCE]);
      return counts;
    },
  };
}
