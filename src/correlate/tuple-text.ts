import { formatEndpoint, formatIp, parseIp } from '../net/ip.ts';
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

/** The ends of such a text; a port is 0 where there is none. Undefined: it is no such text. */
export function parseTuple(text: string): { readonly from: FlowEnd; readonly to: FlowEnd } | undefined {
  const [left = '', right = ''] = text.split(' > ');
  const from = parseEndpoint(left);
  const to = parseEndpoint(right);
  return from && to && { from, to };
}

function parseEndpoint(text: string): FlowEnd | undefined {
  const whole = parseIp(text);
  if (whole !== undefined) return { address: whole, port: 0 };
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = parseIp(bracketed ?? plain ?? '');
  return address === undefined ? undefined : { address, port: Number(port) };
}
