/** What became of a packet, by what the last analysis says of its flow. */
import type { LiveFlow } from '../../live/flow-book.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { hasPorts, protocolName } from '../../net/protocol.ts';
import type { Packet } from '../../packet/packet.ts';

/** Finds the flow of a packet by the addresses and ports that a point saw of it; undefined: none is known. */
export type FlowFinder = (packet: Packet) => LiveFlow | undefined;

export function flowFinder(flows: readonly LiveFlow[]): FlowFinder {
  let known: ReadonlyMap<string, LiveFlow> | undefined;
  const find = (packet: Packet): LiveFlow | undefined => {
    known ??= byTuple(flows);
    const key = keyOf(packet);
    const own = key === undefined ? undefined : known.get(key);
    if (own) return own;
    // An ICMP error is about the packet that it quotes; what a tunnel carries has a flow of its own.
    const others = [...(packet.icmp?.quoted ? [packet.icmp.quoted] : []), ...packet.inner];
    for (const other of others) {
      const flow = find(other);
      if (flow) return flow;
    }
    return undefined;
  };
  return find;
}

function byTuple(flows: readonly LiveFlow[]): Map<string, LiveFlow> {
  const known = new Map<string, LiveFlow>();
  for (const each of flows)
    for (const { tuple } of each.flow.sightings) known.set(`${each.flow.protocol} ${tuple}`, each);
  return known;
}

function keyOf({ ip, tcp, udp, ports }: Packet): string | undefined {
  if (!ip) return undefined;
  const name = protocolName(ip.protocol);
  if (!hasPorts(ip.protocol)) return `${name} ${formatIp(ip.source)} > ${formatIp(ip.destination)}`;
  const pair = tcp ?? udp;
  const source = pair?.sourcePort ?? ports?.source;
  const destination = pair?.destinationPort ?? ports?.destination;
  if (source === undefined || destination === undefined) return undefined;
  return `${name} ${formatEndpoint(ip.source, source)} > ${formatEndpoint(ip.destination, destination)}`;
}

/** Whether the flow was failing when the packet came (epoch seconds): it may have failed for a part of its time only. */
export function isFailingAt({ flow }: LiveFlow, time: number): boolean {
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = flow.failing ?? {};
  return time >= from && time <= until;
}
