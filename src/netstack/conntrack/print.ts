/** The table as `conntrack -L -o extended` prints it: __snprintf_conntrack_default() of libnetfilter_conntrack. */
import { formatIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { Connection } from './connection.ts';
import { isIcmp } from './tuple.ts';

const NAMES: Readonly<Record<number, string>> = {
  [PROTOCOL.tcp]: 'tcp',
  [PROTOCOL.udp]: 'udp',
  [PROTOCOL.udplite]: 'udplite',
  [PROTOCOL.icmp]: 'icmp',
  [PROTOCOL['ipv6-icmp']]: 'icmpv6',
  [PROTOCOL.sctp]: 'sctp',
  [PROTOCOL.gre]: 'gre',
  [PROTOCOL.dccp]: 'dccp',
};

/** `accounting`: nf_conntrack_acct was on when the connection began. Reference counts (`use=`) are left out. */
export function printConnection(
  connection: Connection,
  options: { readonly now: number; readonly accounting: boolean },
): string {
  const { family, protocol } = connection.original;
  const half = (direction: 'original' | 'reply'): string[] => [
    ...printTuple(connection[direction]),
    ...oneWayZone(connection, direction),
    ...(options.accounting
      ? [`packets=${connection.packets[direction]}`, `bytes=${connection.bytes[direction]}`]
      : []),
  ];
  const words = [
    `${family === 4 ? 'ipv4     2' : 'ipv6     10'} ${(NAMES[protocol] ?? 'unknown').padEnd(8)} ${protocol}`,
    ...(connection.offload ? [] : [String(Math.max(0, Math.floor(connection.expires - options.now)))]),
    ...stateOf(connection),
    ...half('original'),
    ...(connection.seenReply ? [] : ['[UNREPLIED]']),
    ...half('reply'),
    ...(connection.offload ? ['[OFFLOAD]'] : connection.assured ? ['[ASSURED]'] : []),
    `mark=${connection.mark}`,
    ...(connection.zone.direction === 'both' && connection.zone.id !== 0
      ? [`zone=${connection.zone.id}`]
      : []),
    ...(connection.helper === undefined ? [] : [`helper=${connection.helper}`]),
  ];
  return words.join(' ');
}

function oneWayZone({ zone }: Connection, direction: 'original' | 'reply'): string[] {
  if (zone.id === 0 || zone.direction !== direction) return [];
  return [`${direction === 'original' ? 'zone-orig' : 'zone-reply'}=${zone.id}`];
}

function stateOf({ tcpState, sctpState }: Connection): string[] {
  const state = tcpState ?? sctpState;
  return state === undefined ? [] : [state];
}

/** A tuple's words, as they stand in a line. */
export function printTuple(tuple: Tuple): string[] {
  const { family, protocol, source, destination, sourcePort, destinationPort } = tuple;
  const addresses = [`src=${formatIp(source)}`, `dst=${formatIp(destination)}`];
  if (isIcmp(family, protocol)) {
    return [
      ...addresses,
      `type=${destinationPort >> 8}`,
      `code=${destinationPort & 255}`,
      `id=${sourcePort}`,
    ];
  }
  if (protocol === PROTOCOL.gre) {
    return [...addresses, `srckey=0x${sourcePort.toString(16)}`, `dstkey=0x${destinationPort.toString(16)}`];
  }
  // DCCP is printed with ports that its entries no longer have.
  return protocol in NAMES ? [...addresses, `sport=${sourcePort}`, `dport=${destinationPort}`] : addresses;
}
