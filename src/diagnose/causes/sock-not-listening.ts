import { formatEndpoint, formatIp } from '../../net/ip.ts';
import type { Cause } from '../cause.ts';
import { listeners, refusalOf, socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

/** tcp_v4_rcv(), __udp4_lib_rcv(): SKB_DROP_REASON_NO_SOCKET */
export const sockNotListening: Cause = {
  id: 'sock-not-listening',
  title: 'Nobody listens on that port',
  severity: 'error',
  page: () => ({
    symptom: '"Connection refused", at once.',
    mechanism:
      'The packet reaches the right network namespace, and no socket there takes it. The kernel answers with RST (TCP) or port unreachable (UDP).',
    check: 'ss -lntup (in the namespace that refuses)',
    proof:
      'The request is captured at its last owner, and that one’s kernel answers with RST or, for UDP, ICMP 3/3; ss lists no socket on the port.',
    refutation:
      'A socket on that port and address, or a REJECT rule that counts the packet. For UDP silence proves nothing: the ICMP is rate-limited.',
    settledBy: [
      'ss -lntup (in the namespace that refuses)',
      'nstat -az UdpNoPorts TcpOutRsts',
      'iptables-save -c (REJECT rules)',
    ],
    repair: 'Start the service, or ask for the port it has.',
    references: [
      'net/ipv4/tcp_ipv4.c: tcp_v4_rcv(), tcp_v4_send_reset(), drop reason NO_SOCKET',
      'net/ipv4/udp.c: __udp4_lib_rcv(), UdpNoPorts',
      'RFC 9293, section 3.10.7.1',
      'RFC 1122, section 4.1.3.1',
    ],
  }),
  find(kase) {
    const refusal = refusalOf(kase);
    if (!refusal) return undefined;
    const where = refusal.namespace === undefined ? 'the server' : nameOf(kase, refusal.namespace);
    const target = formatEndpoint(refusal.address, refusal.port);
    const open = listeners(kase, refusal.sockets);
    const bound = open.find((socket) => socket.port === refusal.port && socket.address !== undefined);
    const others = bound ? [bound] : open.slice(0, 3);
    return {
      confidence: refusal.confidence,
      title: `nobody listens on port ${refusal.port} in ${where}`,
      explanation:
        `The request reaches ${where} for ${target}, and no socket there takes it, so its kernel refuses it at once. Routing, NAT and ` +
        (bound?.address !== undefined
          ? `filters did their part. ${bound.process ?? 'A service'} does listen on that port, but on ${formatIp(bound.address)} only.`
          : 'filters did their part: the service is not running, listens on another port, or runs in another namespace.'),
      ...(refusal.namespace !== undefined && { namespace: refusal.namespace }),
      status: 'rejected',
      evidence: [...refusal.evidence, ...others.map(socketEvidence)],
      fix: [],
      effect:
        bound?.address !== undefined
          ? `Let ${bound.process ?? 'the service'} listen on 0.0.0.0:${refusal.port}, or ask ${formatIp(bound.address)}.`
          : `Start the service on port ${refusal.port} in ${where}, or ask for the port that it listens on.`,
    };
  },
};
