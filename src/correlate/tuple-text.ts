import { formatEndpoint, formatIp } from '../net/ip.ts';
import { hasPorts } from '../net/protocol.ts';
import type { FlowDirection, FlowEnd } from './flow.ts';

/** `10.0.0.2:4711 > 10.0.0.9:80`, as the leg's capture point saw that direction. */
export function flowTuple(
  flow: { readonly protocol: number },
  leg: { readonly client: FlowEnd; readonly server: FlowEnd },
  direction: FlowDirection,
): string {
  const [from, to] = direction === 'forward' ? [leg.client, leg.server] : [leg.server, leg.client];
  if (!hasPorts(flow.protocol)) return `${formatIp(from.address)} > ${formatIp(to.address)}`;
  return `${formatEndpoint(from.address, from.port)} > ${formatEndpoint(to.address, to.port)}`;
}
