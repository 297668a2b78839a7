/** One hypothetical packet there, and the answer to it back: what `nettrace trace` shows. */
import { viewOf } from '../base/bytes.ts';
import { Tcp } from '../header/tcp.ts';
import { type Family, familyOf, type Ip, parseIp } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import { buildSkb } from '../skb/build.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import type { Header, Trace } from './hop.ts';
import type { World } from './world.ts';

export interface ProbeSpec {
  /** Namespace that sends; with `iface`, the packet arrives there from the wire instead. */
  readonly from: string;
  readonly iface?: string;
  readonly to: Ip;
  readonly protocol: number;
  /** Left to the route when absent. */
  readonly source?: Ip;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** SYN by default. */
  readonly tcpFlags?: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly mark?: number;
  /** Epoch seconds. */
  readonly time?: number;
}

export interface Probe {
  readonly there: Trace;
  /** Absent when nothing would answer. */
  readonly back?: Trace;
  /** The answer was made up: the packet left for a place that no dump describes. */
  readonly hypothetical: boolean;
}

/** A port from the default local range, as an ordinary client would have. */
const CLIENT_PORT = 40000;
const PROBE_ID = 4660;

export function probe(world: World, spec: ProbeSpec): Probe {
  const skb = probePacket(spec);
  const there =
    spec.iface === undefined
      ? world.sendLocal(spec.from, skb)
      : world.receive({ namespace: spec.from, name: spec.iface }, skb);
  const outcome = there.verdict === 'unknown' ? there.likely : there.verdict;
  const own = there.answers.find((each) => !isRedirect(each.final));
  if (own) return { there, back: own, hypothetical: false };
  const reply = replyOf(world, there);
  if (!reply) return { there, hypothetical: false };
  if (outcome === 'delivered') {
    return { there, back: world.sendLocal(there.namespace, reply), hypothetical: false };
  }
  const exit = there.taps.findLast(
    ({ namespace, direction, inner }) =>
      namespace === there.namespace && direction === 'out' && inner === undefined,
  );
  if (!exit || (outcome !== 'forwarded' && outcome !== 'bridged')) return { there, hypothetical: false };
  const link = { namespace: there.namespace, name: exit.interface };
  return { there, back: world.receive(link, reply), hypothetical: true };
}

function probePacket(spec: ProbeSpec): Skb {
  const family = familyOf(spec.to);
  const ports = hasPorts(spec.protocol);
  return buildSkb({
    source: spec.source ?? unspecified(family),
    destination: spec.to,
    protocol: spec.protocol,
    ...(ports
      ? { sourcePort: spec.sourcePort ?? CLIENT_PORT, destinationPort: spec.destinationPort ?? 0 }
      : { icmpId: PROBE_ID }),
    icmpType: spec.icmpType,
    icmpCode: spec.icmpCode,
    tcpFlags: spec.tcpFlags,
    ttl: spec.ttl,
    tos: spec.tos,
    mark: spec.mark,
    time: spec.time ?? 0,
    local: spec.iface === undefined,
  });
}

function unspecified(family: Family): Ip {
  return family === 4 ? 0 : 0n;
}

/** What the receiver would send back for the packet as it arrived; for one that left, what its destination would. */
export function replyOf(world: World, trace: Trace): Skb | undefined {
  const last = world.packetOf(trace);
  return last ? answerTo(last) : synthesizeReply(trace);
}

/** What a service that accepts the packet would send back: SYN+ACK, a datagram, an echo reply. */
export function answerTo(skb: Skb): Skb | undefined {
  const { source, destination, protocol, sourcePort, destinationPort, icmpType, icmpId, tcpFlags, family } =
    fieldsOf(skb);
  if (protocol === PROTOCOL.tcp && skb.transport >= 0) {
    const tcp = new Tcp(viewOf(skb.bytes), skb.transport);
    const data = Math.max(0, skb.length - skb.transport - tcp.headerLength);
    const opens = ((tcpFlags ?? 2) & 0x17) === 2;
    return buildSkb({
      source: destination,
      destination: source,
      protocol,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      tcpFlags: opens ? 18 : 16,
      tcpSequence: opens ? 0 : tcp.acknowledgement,
      tcpAcknowledgement: (tcp.sequence + data + (opens ? 1 : 0)) >>> 0,
      time: skb.time,
      etherSource: skb.etherDestination,
      etherDestination: skb.etherSource,
    });
  }
  const type = icmpType === undefined ? undefined : answerType(family, icmpType);
  if (icmpType !== undefined && type === undefined) return undefined;
  return buildSkb({
    source: destination,
    destination: source,
    protocol,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    icmpType: type,
    icmpId,
    time: skb.time,
    etherSource: skb.etherDestination,
    etherDestination: skb.etherSource,
  });
}

function answerType(family: Family, type: number): number | undefined {
  if (family === 6) return type === 128 ? 129 : undefined;
  return type === 8 ? 0 : type === 13 || type === 15 || type === 17 ? type + 1 : undefined;
}

/** The same from a trace alone, by the header it ended with. */
export function synthesizeReply(trace: Trace, time = 0): Skb | undefined {
  const last = packetFromHeader(trace.final, time);
  return last && answerTo(last);
}

function packetFromHeader(header: Header, time: number): Skb | undefined {
  const source = parseIp(header.source);
  const destination = parseIp(header.destination);
  const protocol = protocolNumber(header.protocol);
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  return buildSkb({
    source,
    destination,
    protocol,
    sourcePort: header.sourcePort,
    destinationPort: header.destinationPort,
    icmpType: header.icmpType,
    icmpCode: header.icmpCode,
    icmpId: header.icmpId,
    ttl: header.ttl,
    tos: header.tos,
    time,
  });
}

function protocolNumber(protocol: string | number): number | undefined {
  if (typeof protocol === 'number') return protocol;
  if (protocol === 'icmpv6') return PROTOCOL['ipv6-icmp'];
  return Object.entries(PROTOCOL).find(([name]) => name === protocol)?.[1];
}

/** Advice of a router on the way, not an answer. */
export function isRedirect({ icmpType, family }: Header): boolean {
  return icmpType === (family === 4 ? 5 : 137);
}
