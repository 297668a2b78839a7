/** Which packets a filter lets into the model: those of the flows that it asks for, as all points saw them. */
import type { FlowEnd } from '../../../correlate/flow.ts';
import type { Correlation } from '../../../correlate/scan.ts';
import { endsOf } from '../../../correlate/sighting.ts';
import { compileFilter } from '../../../filter/match.ts';
import { packetSubject } from '../../../filter/packet.ts';
import type { Packet } from '../../../packet/packet.ts';

/** Undefined: all of them. A packet of no flow that was read in detail goes by what it is itself. */
export function askedPackets({
  asked,
  flows,
  points,
}: Correlation): ((packet: Packet) => boolean) | undefined {
  if (!asked) return undefined;
  const known = new Map<string, boolean>();
  for (const flow of flows) {
    for (const { client, server } of flow.legs) {
      known.set(keyOf(flow.protocol, client, server), asked.flows.has(flow));
      known.set(keyOf(flow.protocol, server, client), asked.flows.has(flow));
    }
  }
  const test = compileFilter(asked.filter, Math.min(...points.flatMap(({ first }) => first ?? [])));
  return (packet) => {
    const ends = endsOf(packet);
    const of = packet.ip && ends && known.get(keyOf(packet.ip.protocol, ends.source, ends.destination));
    return of ?? test(packetSubject(packet));
  };
}

function keyOf(protocol: number, from: FlowEnd, to: FlowEnd): string {
  return `${protocol} ${from.address} ${from.port} ${to.address} ${to.port}`;
}
