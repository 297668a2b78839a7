/** A hypothetical packet's way through the model beside what a netfilter trace shows of a packet just like it. */
import { formatIp } from '../net/ip.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import type { Header, Hop, Trace } from '../netstack/hop.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { FlowDirection } from './flow.ts';
import { type KernelPath, pathBeside } from './kernel-path.ts';
import { beginsIn, protocolOf } from './traced-flow.ts';
import type { TracedPacket } from './traced-packet.ts';

export interface Likeness {
  readonly direction: FlowDirection;
  /** Was the client's port asked for? One that was made up is never that of a traced packet. */
  readonly clientPort: boolean;
}

const OPENING = 0x17;
const SYN = 2;
const RST = 4;

/** For each namespace on the way the first traced packet that is equal in family, addresses, protocol, and ports or ICMP type. */
export function tracedAlike(
  trace: Trace,
  packets: readonly TracedPacket[],
  snapshot: Snapshot,
  likeness: Likeness,
): KernelPath[] {
  return trace.hops.flatMap((hop, index) => {
    if (hop.copy) return [];
    const header = headerAt(trace, index);
    const packet = packets.find((each) => isAlike(each, hop, header, likeness));
    if (!packet) return [];
    return [pathBeside(snapshot.namespaces.get(hop.namespace), packet, hop.steps, likeness.direction)];
  });
}

/** As it came into the hop. */
function headerAt({ taps, final }: Trace, index: number): Header {
  const tap = taps.find((each) => each.hop === index && each.direction === 'in') ?? taps[0];
  return tap?.header ?? final;
}

function isAlike(packet: TracedPacket, hop: Hop, wanted: Header, likeness: Likeness): boolean {
  const { header, namespace } = packet;
  if (namespace !== hop.namespace || header.family !== wanted.family || packet.steps.length === 0)
    return false;
  if (hop.in === undefined ? beginsIn(packet) !== 'local' : header.in !== hop.in) return false;
  if (formatIp(header.source) !== wanted.source || formatIp(header.destination) !== wanted.destination)
    return false;
  const protocol = protocolOf(packet, header);
  if (protocol === undefined || protocolName(protocol) !== wanted.protocol) return false;
  const { direction, clientPort } = likeness;
  if ((direction === 'forward' ? clientPort : true) && header.sourcePort !== wanted.sourcePort) return false;
  if ((direction === 'reply' ? clientPort : true) && header.destinationPort !== wanted.destinationPort)
    return false;
  if (protocol === PROTOCOL.tcp) return header.tcpFlags === undefined || isFirst(header.tcpFlags, direction);
  return header.icmpType === undefined || header.icmpType === wanted.icmpType;
}

/** Of its side of the connection. */
function isFirst(flags: number, direction: FlowDirection): boolean {
  return direction === 'forward' ? (flags & OPENING) === SYN : (flags & (SYN | RST)) !== 0;
}
