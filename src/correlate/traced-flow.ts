/** Traced packets and the flows they belong to; those of which no capture has seen anything make the flows themselves. */
import { frameOf } from '../capture/frame.ts';
import type { TracedHeader } from '../dump/trace-record.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { dissect } from '../packet/dissect.ts';
import { buildSkb, type SkbSpec } from '../skb/build.ts';
import type { Skb } from '../skb/skb.ts';
import type { ConversationTable } from './conversation.ts';
import type { Flow, FlowDirection, FlowEnd, Sighting } from './flow.ts';
import type { ScannedPoint } from './points.ts';
import { builtinHook, type TracedPacket } from './traced-packet.ts';

export interface TracedFlowPacket {
  readonly packet: TracedPacket;
  readonly flow: number;
  readonly direction: FlowDirection;
  /** The same packet in captures. */
  readonly captured: readonly Sighting[];
}

/** LINKTYPE_RAW */
const RAW_IP = 101;
/** More bytes than this a made-up packet need not have; its length says the rest. */
const MOST_BYTES = 2048;

/** Adds the packets of conversations that no capture shows, at a point of their own a trace and interface. */
export function addTraced(
  table: ConversationTable,
  packets: readonly TracedPacket[],
  points: ScannedPoint[],
): void {
  if (packets.length === 0) return;
  const captured = new Set(table.conversations.map(({ index }) => index));
  const places = new Map<string, ScannedPoint>();
  const ids = capturedIds(table);
  for (const packet of packets) {
    const known = packet.variants.flatMap((header) => {
      const ends = endsOf(header, packet);
      const found = ends && table.lookup(ends.protocol, ends.source, ends.destination);
      return found ? [found] : [];
    });
    if (packet.header.protocol === undefined && isCapturedById(packet.header, ids)) continue;
    const seen = known.filter(({ conversation }) => captured.has(conversation.index));
    if (seen.length === 0)
      for (const header of packet.variants) addVariant(table, packet, header, points, places);
    else link(table, seen);
  }
}

function capturedIds(table: ConversationTable): Set<string> {
  const ids = new Set<string>();
  for (const { points } of table.conversations) {
    for (const { ab, ba } of points.values()) {
      for (const { source, destination, id, length } of [...ab.kept, ...ba.kept]) {
        if (id) ids.add(idKey(source, destination, id, length));
      }
    }
  }
  return ids;
}

function isCapturedById(
  { source, destination, id, length }: TracedHeader,
  ids: ReadonlySet<string>,
): boolean {
  return ids.has(idKey(source, destination, id, length));
}

function addVariant(
  table: ConversationTable,
  packet: TracedPacket,
  header: TracedHeader,
  points: ScannedPoint[],
  places: Map<string, ScannedPoint>,
): void {
  const skb = skbOf(packet, header);
  const ends = endsOf(header, packet);
  if (!skb || !ends) return;
  const arrived = header === packet.header && header.in !== undefined;
  const name = arrived ? (header.physin ?? header.in) : undefined;
  const point = pointAt(packet, name, points, places);
  const frame = frameOf(skb.bytes, {
    number: packet.span.line,
    seconds: Math.floor(packet.time),
    nanoseconds: Math.round((packet.time % 1) * 1e9),
    length: skb.bytes.length,
    captured: skb.bytes.length,
    linkType: RAW_IP,
  });
  const { etherSource, etherDestination } = header;
  const seen = dissect(frame);
  const ether =
    arrived && etherSource !== undefined && etherDestination !== undefined
      ? {
          ether: {
            source: etherSource,
            destination: etherDestination,
            type: header.family === 4 ? 0x800 : 0x86dd,
          },
        }
      : {};
  table.add(point.index, { ...seen, ...ether }, skb.bytes, false);
  point.packets++;
  const first = endsOf(packet.header, packet);
  if (header === packet.header || !first) return;
  const left = table.lookup(first.protocol, first.source, first.destination);
  const right = table.lookup(ends.protocol, ends.source, ends.destination);
  if (left && right) link(table, [left, right]);
}

type Found = NonNullable<ReturnType<ConversationTable['lookup']>>;

/** Conversations that one packet was in, before and after NAT. */
function link(table: ConversationTable, [left, ...others]: readonly Found[]): void {
  for (const right of others) {
    if (!left || right.conversation === left.conversation) continue;
    table.links.push({
      left: left.conversation.index,
      right: right.conversation.index,
      parallel: left.fromA === right.fromA,
    });
  }
}

function pointAt(
  packet: TracedPacket,
  name: string | undefined,
  points: ScannedPoint[],
  places: Map<string, ScannedPoint>,
): ScannedPoint {
  const key = `${packet.span.path} ${packet.namespace} ${name ?? ''}`;
  let point = places.get(key);
  if (!point) {
    point = {
      index: points.length,
      input: -1,
      path: packet.span.path,
      ...(name === undefined ? {} : { interfaceName: name }),
      packets: 0,
      bytes: 0,
      protocols: new Map(),
      cut: 0,
      traced: packet.namespace,
    };
    points.push(point);
    places.set(key, point);
  }
  return point;
}

/** What a capture of the packet, or its flow, knows and the trace may not. */
export type Supplement = Pick<
  SkbSpec,
  'tcpSequence' | 'tcpAcknowledgement' | 'icmpType' | 'icmpCode' | 'icmpId' | 'icmpSequence'
> & { readonly protocol?: number };

/** A packet with that header, for the model; what the trace doesn't show (payload, options) is zero. Undefined: its protocol isn't known. */
export function skbOf(packet: TracedPacket, header: TracedHeader, more: Supplement = {}): Skb | undefined {
  const protocol = protocolOf(packet, header) ?? more.protocol;
  if (protocol === undefined) return undefined;
  const network = header.family === 4 ? 20 : 40;
  const transport = protocol === PROTOCOL.tcp ? 20 : hasPorts(protocol) || isIcmp(protocol) ? 8 : 0;
  const payload = Math.max(0, Math.min(header.length ?? 0, MOST_BYTES) - network - transport);
  const skb = buildSkb({
    ...more,
    ...header,
    protocol,
    payload,
    time: packet.time,
    local: header.in === undefined,
    origin: { file: packet.span.path, number: packet.span.line },
  });
  skb.moreFragments = header.moreFragments ?? false;
  if (header.length !== undefined && header.length > skb.length) skb.length = header.length;
  return skb;
}

/** xtables-monitor names no protocol, but the rules it matched may. */
export function protocolOf(packet: TracedPacket, header: TracedHeader): number | undefined {
  if (header.protocol !== undefined) return header.protocol;
  const icmp = packet.steps.some(({ step }) => /(?<!! )-p (?:ipv6-)?icmp\b/.test(step.text ?? ''));
  if (!icmp) return undefined;
  return header.family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'];
}

const isIcmp = (protocol: number) => protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];

function endsOf(
  header: TracedHeader,
  packet: TracedPacket,
): { protocol: number; source: FlowEnd; destination: FlowEnd } | undefined {
  const protocol = protocolOf(packet, header);
  if (protocol === undefined || (header.fragmentOffset ?? 0) > 0) return undefined;
  // An ICMP error is about another flow.
  if (isIcmp(protocol) && header.icmpType !== undefined && header.icmpId === undefined) return undefined;
  const icmp = isIcmp(protocol) ? (header.icmpId ?? 0) : undefined;
  return {
    protocol,
    source: { address: header.source, port: icmp ?? header.sourcePort ?? 0 },
    destination: { address: header.destination, port: icmp ?? header.destinationPort ?? 0 },
  };
}

/** In the order of the traces; packets that belong to no flow are left out. */
export function tieTraced(
  packets: readonly TracedPacket[],
  flows: readonly Flow[],
  points: readonly ScannedPoint[],
): TracedFlowPacket[] {
  if (packets.length === 0) return [];
  const byEnds = new Map<string, { flow: Flow; direction: FlowDirection }>();
  const keyOf = (protocol: number, source: FlowEnd, destination: FlowEnd) =>
    `${protocol} ${source.address} ${source.port} ${destination.address} ${destination.port}`;
  for (const flow of flows) {
    for (const { client, server } of flow.legs) {
      byEnds.set(keyOf(flow.protocol, client, server), { flow, direction: 'forward' });
      byEnds.set(keyOf(flow.protocol, server, client), { flow, direction: 'reply' });
    }
  }
  const byId = packetsById(flows);
  return packets.flatMap((packet) => {
    for (const header of packet.variants) {
      const ends = endsOf(header, packet);
      const found =
        (ends && byEnds.get(keyOf(ends.protocol, ends.source, ends.destination))) ??
        byId.get(idKey(header.source, header.destination, header.id, header.length));
      if (!found) continue;
      return [
        {
          packet,
          flow: found.flow.id,
          direction: found.direction,
          captured: capturedAs(packet, found, points),
        },
      ];
    }
    return [];
  });
}

/** Where the trace names neither protocol nor ports, the identification tells. */
function packetsById(flows: readonly Flow[]) {
  const byId = new Map<string, { flow: Flow; direction: FlowDirection }>();
  for (const flow of flows) {
    for (const leg of flow.legs) {
      for (const direction of ['forward', 'reply'] as const) {
        for (const { source, destination, id, length } of leg[direction].kept) {
          if (id) byId.set(idKey(source, destination, id, length), { flow, direction });
        }
      }
    }
  }
  return byId;
}

function idKey(source: unknown, destination: unknown, id: number | undefined, length: number | undefined) {
  return `${source} ${destination} ${id} ${length}`;
}

/** Identification, sequence number and length agree. */
function capturedAs(
  { header }: TracedPacket,
  { flow, direction }: { flow: Flow; direction: FlowDirection },
  points: readonly ScannedPoint[],
): TracedFlowPacket['captured'] {
  const sides = flow.legs
    .filter((leg) => points[leg.point]?.traced === undefined)
    .map((leg) => leg[direction]);
  return sides.flatMap((side) =>
    side.kept
      .filter(
        (seen) =>
          (header.id === undefined || seen.id === header.id) &&
          (header.length === undefined || seen.length === header.length) &&
          (header.tcpSequence === undefined || seen.sequence === header.tcpSequence) &&
          (header.tcpFlags === undefined || ((seen.tcpFlags ?? 0) & 0xff) === header.tcpFlags) &&
          (header.icmpSequence === undefined || seen.icmpSequence === header.icmpSequence),
      )
      .slice(0, 1),
  );
}

/** The first hook it was seen in, where that can be told. */
export function beginsIn(packet: TracedPacket): 'wire' | 'local' | undefined {
  for (const { step } of packet.steps) {
    const hook = builtinHook(step);
    if (hook === 'OUTPUT') return 'local';
    if (hook === 'PREROUTING') return 'wire';
  }
  return packet.header.in === undefined ? 'local' : 'wire';
}
