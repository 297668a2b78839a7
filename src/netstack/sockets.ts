/** Who takes a packet that is for the host: inet_lookup_listener(), __udp4_lib_lookup(). */
import type { Socket } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import type { SkbFields } from '../skb/fields.ts';
import type { Trace } from './hop.ts';
import type { Copy, Kernel } from './run.ts';

type SocketState = NonNullable<Trace['socket']>;

export function isIcmp({ family, protocol }: Pick<SkbFields, 'family' | 'protocol'>): boolean {
  return protocol === (family === 4 ? 1 : 58);
}

export function findSocket(
  kernel: Kernel,
  copy: Copy,
  fields: SkbFields,
): SocketState & { readonly bound?: Ip } {
  const { net } = copy;
  const { protocol, destinationPort, destination } = fields;
  if (copy.dst?.broadcast || copy.dst?.multicast) return { state: 'kernel' };
  if (protocol !== 6 && protocol !== 17) return { state: hasHandler(copy, protocol) ? 'kernel' : 'none' };
  if (destinationPort === undefined) return { state: 'kernel' };
  const { sockets } = net.netns;
  const listener = sockets && pickListener(sockets, fields, copy.dev);
  const connected = sockets && connectedSocket(sockets, fields, copy.dev);
  if (connected) return { ...listening(connected), state: 'kernel' };
  if (listener?.takes) return listening(listener.socket);
  if (!kernel.onlyDumpedSockets && isAnswer(kernel, fields)) return { state: 'kernel' };
  if (!sockets) return { state: 'unknown' };
  // Only a SYN opens a connection; anything else may belong to one that a client socket of this namespace has.
  const opens = protocol === 17 || ((fields.tcpFlags ?? 0) & 0x17) === 2;
  const mayBeConnected = listener !== undefined || isClientPort(copy, destinationPort);
  if (!opens && !kernel.onlyDumpedSockets && mayBeConnected) return { state: 'kernel' };
  if (!listener) return { state: 'none' };
  const { socket } = listener;
  return {
    ...listening(socket),
    state: 'wrong-address',
    ...(socket.address === undefined || socket.address === destination ? {} : { bound: socket.address }),
  };
}

/** ICMP and IGMP are always taken; tunnels' protocols where there is such a device; SCTP where it is loaded. */
function hasHandler({ net, skb }: Copy, protocol: number): boolean {
  if (isIcmp({ family: skb.family, protocol }) || (protocol === 2 && skb.family === 4)) return true;
  const tunnels: Readonly<Record<number, readonly string[]>> = {
    4: ['ipip', 'ip6tnl'],
    41: ['sit', 'ip6tnl'],
    47: ['gre', 'gretap', 'ip6gre', 'ip6gretap', 'erspan'],
  };
  const kinds = tunnels[protocol];
  if (protocol === SCTP)
    return [...(net.netns.sysctls?.keys() ?? [])].some((name) => name.startsWith('net.sctp.'));
  if (!kinds) return BUILT_IN.has(protocol);
  return [...net.devices.values()].some(({ link }) => kinds.includes(link.kind ?? ''));
}

/** A module: where it is loaded it has sysctls of its own. */
const SCTP = 132;
/**
 * PIM, and the protocol that is none. ESP, AH, IPComp and L2TP have handlers only where modules for them are loaded, which no dump
 * shows: they are taken as absent, as on a host without IPsec. Linux 6.16 dropped DCCP. UDP-Lite's sockets are in no dump.
 */
const BUILT_IN: ReadonlySet<number> = new Set([59, 103]);

function isClientPort({ net }: Copy, port: number): boolean {
  const [low = 32768, high = 60999] = (net.sysctl('net.ipv4.ip_local_port_range')?.value ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);
  return port >= low && port <= high;
}

export function listening({ process, span }: Socket): SocketState {
  return {
    state: 'listening',
    ...(process === undefined ? {} : { process }),
    line: span.line,
    path: span.path,
  };
}

/** A listener on the port: one that takes the packet, else one bound to another address. */
export function pickListener(
  sockets: readonly Socket[],
  {
    family,
    protocol,
    destination,
    destinationPort,
  }: Pick<SkbFields, 'family' | 'protocol' | 'destination' | 'destinationPort'>,
  dev: string,
): { socket: Socket; takes: boolean } | undefined {
  const name = protocol === 6 ? 'tcp' : 'udp';
  const onPort = sockets.filter(
    (socket) =>
      socket.protocol === name &&
      socket.port === destinationPort &&
      (protocol === 6 ? socket.state === 'LISTEN' : socket.peer === undefined || socket.peer.port === 0),
  );
  const takes = onPort.filter(
    (socket) =>
      (socket.family === 'both' || socket.family === family) &&
      (socket.device === undefined || socket.device === dev) &&
      (socket.address === undefined || sameAddress(socket.address, destination)),
  );
  const exact = takes.find((socket) => socket.address !== undefined) ?? takes[0];
  if (exact) return { socket: exact, takes: true };
  return onPort[0] && { socket: onPort[0], takes: false };
}

/** TCP's states but LISTEN, UDP's ESTAB. */
export function isConnected({ protocol, state, peer }: Socket): boolean {
  return protocol === 'tcp' ? state !== 'LISTEN' : peer !== undefined && peer.port !== 0;
}

/** __inet_lookup_established(), __udp4_lib_lookup(): the socket of exactly these addresses and ports. */
export function connectedSocket(
  sockets: readonly Socket[],
  {
    protocol,
    source,
    sourcePort,
    destination,
    destinationPort,
  }: Pick<SkbFields, 'protocol' | 'source' | 'sourcePort' | 'destination' | 'destinationPort'>,
  dev: string,
): Socket | undefined {
  const name = protocol === 6 ? 'tcp' : 'udp';
  return sockets.find(
    (socket) =>
      socket.protocol === name &&
      isConnected(socket) &&
      socket.port === destinationPort &&
      socket.address === destination &&
      socket.peer?.address === source &&
      socket.peer.port === sourcePort &&
      (socket.device === undefined || socket.device === dev),
  );
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
function sameAddress(bound: Ip, destination: Ip): boolean {
  if (bound === destination) return true;
  return typeof bound === 'bigint' && bound >> 32n === 0xffffn && Number(bound & 0xffffffffn) === destination;
}

/** Was a packet the other way seen before? */
function isAnswer(kernel: Kernel, fields: SkbFields): boolean {
  const { protocol, source, destination, sourcePort, destinationPort } = fields;
  return kernel.flows.has(protocol, destination, destinationPort, source, sourcePort);
}

export function rememberFlow(kernel: Kernel, fields: SkbFields): void {
  const { protocol, source, destination, sourcePort, destinationPort, tcpFlags } = fields;
  const refuses = ((tcpFlags ?? 0) & 4) !== 0;
  if (sourcePort !== undefined && !refuses) {
    kernel.flows.add(protocol, source, sourcePort, destination, destinationPort);
  }
}
