/** Delivery to the protocols of the host: tcp_v4_rcv(), __udp4_lib_rcv(), icmp_rcv(). */
import { viewOf } from '../base/bytes.ts';
import { formatEndpoint, formatIp } from '../net/ip.ts';
import { protocolName } from '../net/protocol.ts';
import { transportChecksum } from '../skb/checksum.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { NO_PORT, NO_PROTOCOL, queueAnswer, queueIcmp } from './answer.ts';
import { echoReply, tcpReset, timestampReply } from './icmp.ts';
import { isLoopbackIp } from './route.ts';
import { refusedRoutingHeader } from './routing-header.ts';
import { type Copy, endCopy, type Run } from './run.ts';
import { findSocket, isIcmp } from './sockets.ts';

const CHECKSUM_REASONS: Readonly<Record<number, string>> = {
  1: 'ICMP_CSUM',
  6: 'TCP_CSUM',
  17: 'UDP_CSUM',
  58: 'ICMP_CSUM',
};

export function deliverLocally(run: Run, copy: Copy): void {
  const { skb, net } = copy;
  const fields = fieldsOf(skb);
  const refused = refusedRoutingHeader(net, copy.dev, skb);
  if (refused !== undefined) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'martian-drop',
      reason: 'IP_INHDR',
      text: refused,
      stray: copy.flooded,
    });
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
  const socket: ReturnType<typeof findSocket> = copy.socket ?? findSocket(run.kernel, copy, fields);
  if (socket.state === 'unknown') {
    run.assumptions.add(`${net.name}: no \`ss -lntup\`; somebody is taken to listen`);
  }
  if (socket.state !== 'none' && socket.state !== 'wrong-address') {
    endCopy(run, copy, { verdict: 'delivered', socket });
    const echo = isIcmp(fields) ? (echoReply(skb) ?? timestampReply(skb)) : undefined;
    if (echo && !ignoresEcho(copy)) queueAnswer(run, copy, echo);
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
  if (fields.protocol === 17) skb.conntrack = undefined;
  if (fields.protocol !== 6) {
    queueIcmp(run, copy, fields.protocol === 17 ? NO_PORT[skb.family] : NO_PROTOCOL[skb.family]);
    return;
  }
  const reset = tcpReset(skb, fields.tos);
  if (reset) queueAnswer(run, copy, reset);
}

/** What the protocol's handler drops before it looks for a socket. */
function segmentFault(skb: Skb): { reason: string; text: string } | undefined {
  const { protocol, transport } = skb;
  let whole = skb;
  if (protocol === 17 && transport >= 0) {
    const length = viewOf(skb.bytes).getUint16(transport + 4);
    const room = skb.length - transport;
    if (length < 8 || length > room) {
      return { reason: 'PKT_TOO_SMALL', text: `UDP length ${length} in ${room} bytes` };
    }
    // What lies behind the datagram is cut off before the checksum is taken.
    if (length < room) {
      const end = transport + length;
      whole = { ...skb, bytes: skb.bytes.slice(0, end), length: end };
    }
  }
  if (transportChecksum(whole) !== 'wrong') return undefined;
  return {
    reason: CHECKSUM_REASONS[protocol] ?? 'SKB_CSUM',
    text: `the ${protocolName(protocol)} checksum is wrong`,
  };
}

function ignoresEcho({ net, skb }: Copy): boolean {
  const name = skb.family === 4 ? 'net.ipv4.icmp_echo_ignore_all' : 'net.ipv6.icmp.echo_ignore_all';
  return Number(net.sysctl(name)?.value ?? 0) !== 0;
}
