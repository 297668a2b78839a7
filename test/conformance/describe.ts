/** A packet's headers as one line, from the bytes that both sides have: the same words wherever the bytes are the same. */
import { formatIp, type Ip } from '../../src/net/ip.ts';

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;

export interface Headers {
  /** From the IP header on; at least the fixed header. */
  readonly network: Uint8Array;
  /** The first bytes of the transport header; empty where there is none to read. */
  readonly transport: Uint8Array;
  readonly mark: number;
}

/** `10.0.0.2:1000>10.0.1.2:53 udp length 28 ttl 63 tos 0 mark 0x1` */
export function headline({ network, transport, mark }: Headers): string {
  const v4 = (network[0] ?? 0) >> 4 === 4;
  const protocol = protocolOf(network);
  const ports = (protocol === TCP || protocol === UDP) && transport.length >= 4;
  const port = (at: number) => (ports ? `:${word(transport, at)}` : '');
  const ttl = network[v4 ? 8 : 7] ?? 0;
  const tos = v4 ? (network[1] ?? 0) : (((network[0] ?? 0) & 15) << 4) | ((network[1] ?? 0) >> 4);
  const length = v4 ? word(network, 2) : 40 + word(network, 4);
  return [
    `${address(network, v4 ? 12 : 8, v4)}${port(0)}>${address(network, v4 ? 16 : 24, v4)}${port(2)}`,
    signature(network, transport),
    ...queryId(protocol, transport),
    `length ${length} ttl ${ttl} tos ${tos}`,
    ...(mark === 0 ? [] : [`mark 0x${mark.toString(16)}`]),
  ].join(' ');
}

/** The id of an ICMP query, which NAT changes as it does ports. */
function queryId(protocol: number, transport: Uint8Array): string[] {
  const types = protocol === ICMP ? [0, 8, 13, 14] : protocol === ICMP6 ? [128, 129] : [];
  return types.includes(transport[0] ?? -1) && transport.length >= 6 ? [`id ${word(transport, 4)}`] : [];
}

/** What NAT, TTL and marks leave alone: `udp`, `tcp 0x12`, `icmp 3/1`, `proto 47`. */
export function signature(network: Uint8Array, transport: Uint8Array): string {
  const protocol = protocolOf(network);
  switch (protocol) {
    case TCP:
      return transport.length >= 14 ? `tcp 0x${((transport[13] ?? 0) & 0x3f).toString(16)}` : 'tcp';
    case UDP:
      return 'udp';
    case ICMP:
    case ICMP6:
      return transport.length >= 2 ? `icmp ${transport[0]}/${transport[1]}` : 'icmp';
    default:
      return `proto ${protocol}`;
  }
}

function protocolOf(network: Uint8Array): number {
  return network[(network[0] ?? 0) >> 4 === 4 ? 9 : 6] ?? 0;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function address(bytes: Uint8Array, at: number, v4: boolean): string {
  let value = 0n;
  for (let i = 0; i < (v4 ? 4 : 16); i++) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  const ip: Ip = v4 ? Number(value) : value;
  return formatIp(ip);
}
