/** Connections of a dump as the kernel has them, as far as the dump tells. */
import type { ConntrackDump } from '../../dump/records.ts';
import type { CtZone } from '../../skb/nfct.ts';
import { NO_ZONE, newConnection } from './connection.ts';
import type { Conntrack } from './conntrack.ts';
import { sctpOfDump } from './sctp.ts';
import { tcpOfDump } from './tcp.ts';

/** Connections of the dump stand in the table, and live from that time on as long as the dump says. */
export interface ConntrackPreload {
  /** Epoch seconds. */
  readonly now: number;
}

/** How long an entry stays that is in a flow table, whose dump tells no time. */
const OFFLOADED = 86400;

export function preloadConntrack(
  conntrack: Conntrack,
  dumps: readonly ConntrackDump[],
  { now }: ConntrackPreload,
): void {
  for (const { entry, timeout } of dumps) {
    const { id, original, reply, tcpState, sctpState } = entry;
    conntrack.add({
      ...newConnection({ id, original, reply, now, zone: zoneOf(original.zone, reply.zone) }),
      ...entry,
      // The packets to come are counted here, not in what was read.
      packets: { ...entry.packets },
      bytes: { ...entry.bytes },
      labels: new Set(entry.labels),
      confirmed: true,
      srcNatDone: true,
      dstNatDone: true,
      expires: now + (entry.offload ? OFFLOADED : timeout),
      streamFrom: now,
      ...(original.protocol === 6 && tcpState !== undefined ? { tcp: tcpOfDump(tcpState) } : {}),
      ...(original.protocol === 132 && sctpState !== undefined ? { sctp: sctpOfDump(sctpState) } : {}),
      dead: false,
    });
  }
}

function zoneOf(original: number, reply: number): CtZone {
  if (original === reply) return original === 0 ? NO_ZONE : { id: original, direction: 'both' };
  return original === 0 ? { id: reply, direction: 'reply' } : { id: original, direction: 'original' };
}
