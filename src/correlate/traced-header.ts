import type { TracedHeader } from '../dump/trace-record.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import type { Header } from '../netstack/hop.ts';

/** A traced packet's header in the words of the model's paths. */
export function sightedHeader(header: TracedHeader): Header {
  const { family, source, destination, protocol, mark } = header;
  return {
    family,
    source: formatIp(source),
    destination: formatIp(destination),
    protocol: protocol === undefined ? 'ip' : protocolName(protocol),
    ...(header.sourcePort !== undefined && { sourcePort: header.sourcePort }),
    ...(header.destinationPort !== undefined && { destinationPort: header.destinationPort }),
    ...(header.icmpType !== undefined && { icmpType: header.icmpType }),
    ...(header.icmpCode !== undefined && { icmpCode: header.icmpCode }),
    ...(header.icmpId !== undefined && { icmpId: header.icmpId }),
    ttl: header.ttl ?? 0,
    tos: header.tos ?? 0,
    ...(mark && { mark }),
  };
}

/** `10.0.0.2:4711 > 10.0.0.9:80`. */
export function tracedEnds({ source, destination, sourcePort, destinationPort }: TracedHeader): string {
  if (sourcePort === undefined || destinationPort === undefined) {
    return `${formatIp(source)} > ${formatIp(destination)}`;
  }
  return `${formatEndpoint(source, sourcePort)} > ${formatEndpoint(destination, destinationPort)}`;
}
