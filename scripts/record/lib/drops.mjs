/**
 * The kernel's own reasons for dropping packets, from the skb:kfree_skb trace point, where tracefs is in reach. The
 * trace covers the machine, so a reason that was seen supports a recording and one more says nothing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const TRACING = '/sys/kernel/tracing';
const SWITCH = `${TRACING}/events/skb/kfree_skb/enable`;
const EVENT = /: kfree_skb: .*location=([^\s+]+)\S* reason: (\S+)/;
/** Reasons that say nothing about a packet's way. */
const IDLE = new Set(['NOT_SPECIFIED', 'SKB_CONSUMED', 'SOCKET_CLOSE', 'PACKET_SOCK_ERROR']);

/** @returns {{ stop(): Record<string, number> }} reason@function → times, since the start */
export function watchDrops() {
  if (!existsSync(SWITCH)) return { stop: () => ({}) };
  const before = readFileSync(SWITCH, 'utf8').trim();
  const mark = `nettrace-record ${process.hrtime.bigint()}`;
  writeFileSync(SWITCH, '1');
  writeFileSync(`${TRACING}/trace_marker`, mark);
  return {
    stop() {
      const counts = {};
      const trace = readFileSync(`${TRACING}/trace`, 'utf8');
      for (const line of trace.slice(trace.indexOf(mark)).split('\n')) {
        const event = EVENT.exec(line);
        if (event === null || IDLE.has(event[2])) continue;
        const key = `${event[2]}@${event[1]}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      if (before === '0') writeFileSync(SWITCH, '0');
      return counts;
    },
  };
}
