/** Delivery to the protocols of the host: tcp_v4_rcv(), __udp4_lib_rcv(), icmp_rcv(). */
import { viewOf } from '../base/bytes.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { PROTOCOL, protocolName } from '../net/protocol.ts';
import { transportChecksum } from '../skb/checksum.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { isAnycast } from './address-type.ts';
import { NO_PORT, queueAnswer, queueIcmp } from './answer.ts';
import { defragment } from './defrag.ts';
import { extensionFault, upperLayerPointer } from './extension-headers.ts';
import { fibLookup } from './fib.ts';
import { echoReply, type IcmpMessage, tcpReset, timestampReply } from './icmp.ts';
import { isLocalAddress } from './net.ts';
import { isLoopbackIp } from './route.ts';
import { type Copy, endCopy, type Run } from './run.ts';
import { findSocket, isIcmp } from './sockets.ts';
import { isRefusedInSilence } from './tcp-signature.ts';
import { receiveVxlan } from './tunnel/vxlan.ts';

const CHECKSUM_REASONS: Readonly<Record<number, string>> = {
  1: 'ICMP_CSUM',
  6: 'TCP_CSUM',
  17: 'UDP_CSUM',
  58: 'ICMP_CSUM',
  136: 'UDP_CSUM',
};

export function deliverLocally(run: Run, copy: Copy): void {
  const { net } = copy;
  let header = extensionFault(net, copy.dev, copy.skb);
  while (header === 'fragment') {
    // Without conntrack, fragments of an IPv6 packet are joined only now.
    if (!defragment(run, copy)) return;
    header = extensionFault(net, copy.dev, copy.skb);
  }
  const { skb } = copy;
  const fields = fieldsOf(skb);
  if (header) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'martian-drop',
      reason: 'IP_INHDR',
      text: header.text,
      stray: copy.flooded,
    });
    if (header.problem)
      queueIcmp(run, copy, { type: 4, code: header.problem.code, rest: header.problem.pointer });
    return;
  }
  const fault = skb.local ? undefined : segmentFault(skb);
  if (fault) {
    endCopy(run, copy, { verdict: 'dropped', cause: 'ct-bad-checksum', ...fault, stray: copy.flooded });
    return;
  }
  if (fields.protocol === 6 && skb.packetType !== 'host') {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'martian-drop',
      reason: 'PKT_TYPE',
      text: 'TCP in a frame for everybody is ignored',
      stray: true,
    });
    return;
  }
  if (receiveVxlan(run, copy)) return;
  const socket: ReturnType<typeof findSocket> = copy.socket ?? findSocket(run.kernel, copy, fields);
  if (socket.state === 'unknown') {
    run.assumptions.add(`${net.name}: no \`ss -lntup\`; somebody is taken to listen`);
  }
  if (socket.state !== 'none' && socket.state !== 'wrong-address') {
    endCopy(run, copy, { verdict: 'delivered', socket });
    const echo = isIcmp(fields) ? (echoReply(skb, speaksForItself(copy)) ?? timestampReply(skb)) : undefined;
    if (echo && hasOwnSource(copy) && !ignoresEcho(copy)) {
      // icmpv6_echo_reply() goes back where the request came from.
      queueAnswer(run, copy, echo, skb.family === 6 ? { out: incoming6(copy) } : {});
    }
    return;
  }
  const where = formatEndpoint(fields.destination, fields.destinationPort);
  const loopback =
    socket.state === 'wrong-address' && socket.bound !== undefined && isLoopbackIp(socket.bound);
  const { bound, ...rest } = socket;
  endCopy(run, copy, {
    verdict: 'rejected',
    cause: loopback ? 'sock-loopback-bound' : 'sock-not-listening',
    reason: 'NO_SOCKET',
    socket: rest,
    text:
      bound === undefined
        ? `nothing listens on ${where} in ${net.name}`
        : `the port's listener in ${net.name} is bound to ${formatIp(bound)}, not ${where}`,
    stray: copy.flooded,
  });
  // The protocol's handler has let go of the connection (nf_reset_ct()); where there is none, nobody did.
  if (isUdp(fields.protocol)) skb.conntrack = undefined;
  if (!hasOwnSource(copy)) return;
  if (fields.protocol !== 6) {
    const about = { ...copy, skb: datagramOf(skb) };
    queueIcmp(run, about, isUdp(fields.protocol) ? NO_PORT[skb.family] : noProtocol(skb));
    return;
  }
  // tcp_v6_send_reset(): an anycast address refuses nothing.
  if (isRefusedInSilence(skb) || (skb.family === 6 && speaksForItself(copy))) return;
  const reset = tcpReset(skb, fields.tos & ~ECN);
  if (!reset) return;
  // tcp_v6_send_response() leaves it without the control socket that IPv4's has.
  reset.kernelSocket = skb.family === 4 ? 'control' : 'none';
  queueAnswer(run, copy, reset);
}

/** INET_ECN_MASK */
const ECN = 3;

/** UDP-Lite is a part of UDP: it has a handler wherever that has one. */
function isUdp(protocol: number): boolean {
  return protocol === PROTOCOL.udp || protocol === PROTOCOL.udplite;
}

/** ICMPv6 points at the byte that names the protocol. */
function noProtocol(skb: Skb): IcmpMessage {
  return skb.family === 4 ? { type: 3, code: 2 } : { type: 4, code: 1, rest: upperLayerPointer(skb) };
}

/** What the protocol's handler drops before it looks for a socket. */
function segmentFault(skb: Skb): { reason: string; text: string } | undefined {
  const { protocol, transport } = skb;
  if (isUdp(protocol) && transport < 0 && skb.length <= skb.bytes.length) {
    return { reason: 'PKT_TOO_SMALL', text: `less than a ${protocolName(protocol)} header` };
  }
  if (transport >= 0) {
    const view = viewOf(skb.bytes);
    const room = skb.length - transport;
    const length = isUdp(protocol) ? view.getUint16(transport + 4) : 0;
    const isLite = protocol === PROTOCOL.udplite;
    if (isUdp(protocol) && (length > room || (length < 8 && !(isLite && length === 0)))) {
      return { reason: 'PKT_TOO_SMALL', text: `${protocolName(protocol)} length ${length} in ${room} bytes` };
    }
    // udplite_checksum_init(): RFC 3828 knows no packets without a checksum.
    if (isLite && view.getUint16(transport + 6) === 0) {
      return { reason: 'UDP_CSUM', text: 'a UDP-Lite packet without a checksum' };
    }
    if (protocol === PROTOCOL.tcp) {
      const header = (view.getUint8(transport + 12) >> 4) * 4;
      if (header < 20 || header > room) {
        return { reason: 'PKT_TOO_SMALL', text: `a TCP header of ${header} bytes in ${room}` };
      }
    }
  }
  if (transportChecksum(datagramOf(skb)) !== 'wrong') return undefined;
  return {
    reason: CHECKSUM_REASONS[protocol] ?? 'SKB_CSUM',
    text: `the ${protocolName(protocol)} checksum is wrong`,
  };
}

/** __udp4_lib_rcv(): what lies behind a datagram is cut off, before the checksum is taken and before an error quotes it. */
function datagramOf(skb: Skb): Skb {
  if (skb.protocol !== PROTOCOL.udp || skb.transport < 0) return skb;
  const end = skb.transport + viewOf(skb.bytes).getUint16(skb.transport + 4);
  return end < skb.length ? { ...skb, bytes: skb.bytes.slice(0, end), length: end } : skb;
}

/** icmp_rcv(), icmpv6_rcv() */
function ignoresEcho({ net, skb, dst }: Copy): boolean {
  const isSet = (name: string, usual: number) => Number(net.sysctl(name)?.value ?? usual) !== 0;
  const group = dst !== undefined && (dst.broadcast || dst.multicast);
  if (skb.family === 4) {
    if (isSet('net.ipv4.icmp_echo_ignore_all', 0)) return fieldsOf(skb).icmpType === 8;
    return group && isSet('net.ipv4.icmp_echo_ignore_broadcasts', 1);
  }
  if (isSet('net.ipv6.icmp.echo_ignore_all', 0)) return true;
  if (group) return isSet('net.ipv6.icmp.echo_ignore_multicast', 0);
  const { destination } = fieldsOf(skb);
  const anycast = typeof destination === 'bigint' && isAnycast(net, destination);
  return anycast && isSet('net.ipv6.icmp.echo_ignore_anycast', 0);
}

/** icmp6_iif(): of what came over lo, the interface of the address that it went to. */
function incoming6({ net, skb, dev }: Copy): string {
  if (dev !== 'lo') return dev;
  const { destination } = fieldsOf(skb);
  const found = fibLookup(net.fib[6], { destination, iif: 'lo', tos: 0, mark: 0, uid: 0 });
  return (found.kind === 'found' ? found.nexthop.dev : undefined) ?? dev;
}

/**
 * ip_route_output_key_hash_rcu(): the kernel's answers have no FLOWI_FLAG_ANYSRC. What a TEE copy or a route made the host's, though its
 * destination is not, can't be answered from there.
 */
function hasOwnSource(copy: Copy): boolean {
  const { net, skb } = copy;
  const { destination } = fieldsOf(skb);
  // From 0.0.0.0 the route chooses.
  return skb.family === 6 || destination === 0 || speaksForItself(copy) || isLocalAddress(net, destination);
}

/** Asked at a group's or an anycast address, the host answers with one of its own. */
function speaksForItself({ net, skb, dst }: Copy): boolean {
  if (dst !== undefined && (dst.broadcast || dst.multicast)) return true;
  const { destination } = fieldsOf(skb);
  if (typeof destination !== 'bigint' || !isAnycast(net, destination)) return false;
  return Number(net.sysctl('net.ipv6.anycast_src_echo_reply')?.value ?? 0) === 0;
}
