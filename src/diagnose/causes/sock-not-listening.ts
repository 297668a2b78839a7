import { formatEndpoint, formatIp } from '../../net/ip.ts';
import type { Cause } from '../cause.ts';
import { listeners, refusalOf, socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

/** tcp_v4_rcv(), __udp4_lib_rcv(): SKB_DROP_REASON_NO_SOCKET */
export const sockNotListening: Cause = {
  id: 'sock-not-listening',
  title: 'Nobody listens on that port',
  severity: 'error',
  symptom: '"Connection refused", at once.',
  mechanism:
    'The packet reaches the right network namespace, and no socket there takes it. The kernel answers with RST (TCP) or port unreachable (UDP).',
  check: 'ss -lntup (in the namespace that refuses)',
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
