import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { proxiedBy, secondWorked } from '../proxy.ts';
import { socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

export const dockerProxyDeadBackend: Cause = {
  id: 'docker-proxy-dead-backend',
  title: 'docker-proxy accepts, and the container refuses',
  severity: 'error',
  page: () => ({
    symptom:
      'The connection is established and closed at once: "Empty reply from server", "Connection reset by peer".',
    mechanism:
      'docker-proxy accepts the client before it knows whether the container does. When its own connection is refused it closes the client’s.',
    check: 'ss -lnt in the container; the RST on the bridge',
    proof:
      'The client’s handshake completes with the host, then a FIN or RST; at the same time a SYN to the container is answered by RST.',
    refutation: 'One connection only, translated by DNAT; or a handshake with the container.',
    settledBy: ['ss -lnt (in the container)', 'ss -tnp (docker-proxy)'],
    repair: 'Let the program listen on 0.0.0.0 and on the port that is published.',
    references: ['net/ipv4/tcp_ipv4.c: tcp_v4_send_reset()', 'ss(8)'],
  }),
  find(kase) {
    const proxied = proxiedBy(kase);
    const second = proxied?.second;
    if (!proxied || !second || secondWorked(second)) return undefined;
    const refused = second.legs.map((leg) => leg.reply.rst).find((rst) => rst !== undefined);
    if (!refused) return undefined;
    return {
      confidence: proxied.socket ? 0.93 : 0.6,
      title: `docker-proxy accepts the connection, and the container refuses port ${second.server.port}`,
      explanation:
        `The client’s connection is accepted by docker-proxy on ${nameOf(kase, proxied.namespace)}. Its second connection to the container is refused with RST: ` +
        `nobody listens on port ${second.server.port} there (or on 127.0.0.1 only). So the proxy closes the client’s connection without a byte.`,
      namespace: proxied.namespace,
      status: 'degraded',
      evidence: [
        seenAt(kase, refused, `the container’s RST ${describeSighting(refused)}`),
        ...(proxied.socket ? [socketEvidence(proxied.socket)] : []),
      ],
      fix: [],
      effect: `Start the service in the container on 0.0.0.0:${second.server.port}, or publish the port it listens on.`,
    };
  },
};
