import type { Socket } from '../../dump/records.ts';
import { formatEndpoint } from '../../net/ip.ts';
import type { Case } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { publisherOf } from '../published.ts';
import { isLoopbackSocket, listeners, type Refusal, refusalOf, socketEvidence } from '../refusal.ts';
import { nameOf } from '../words.ts';

export const sockLoopbackBound: Cause = {
  id: 'sock-loopback-bound',
  title: 'The service listens on 127.0.0.1 only',
  severity: 'error',
  page: () => ({
    symptom: 'Works inside the container or host, refused from everywhere else.',
    mechanism:
      'A socket bound to 127.0.0.1 takes packets that are addressed to 127.0.0.1 only. What comes by the network is addressed to the interface’s address, finds no socket, and is refused with RST.',
    check: 'ss -lnt (127.0.0.1:PORT in the namespace of the service)',
    proof:
      'The SYN reaches the namespace of the service and is answered there with RST; ss shows the port on 127.0.0.1 (or ::1) and on no other address.',
    refutation:
      'A socket of that port on 0.0.0.0, [::] or the address that was asked, or silence in place of a refusal.',
    settledBy: ['ss -lntup (in the namespace of the service)'],
    repair:
      'Bind the service to 0.0.0.0 or to the address that clients use; a port published on 127.0.0.1 has to be published anew.',
    references: [
      'net/ipv4/inet_hashtables.c: __inet_lookup_listener()',
      'net/ipv4/tcp_ipv4.c: tcp_v4_send_reset()',
      'ip(7): INADDR_LOOPBACK',
      'containers/podman#24045',
    ],
  }),
  find(kase) {
    const refusal = refusalOf(kase);
    const socket = listeners(kase, refusal?.sockets).find(
      (one) => one.port === refusal?.port && isLoopbackSocket(one),
    );
    if (!refusal || !socket) return undefined;
    const where = refusal.namespace === undefined ? 'the server' : nameOf(kase, refusal.namespace);
    const program = socket.process ?? 'the service';
    if (/^docker-pr/.test(program)) return publishedOnLoopback(kase, refusal, socket);
    return {
      confidence: Math.min(0.98, refusal.confidence + 0.03),
      title: `${program} in ${where} listens on 127.0.0.1:${socket.port} only`,
      explanation:
        `The request arrives in ${where} for ${formatEndpoint(refusal.address, refusal.port)}. ${program} does listen on port ${socket.port}, but it is bound to ` +
        'the loopback address, so only connections from inside the same namespace can reach it. For everything else the port is closed, and ' +
        'the kernel answers with RST. Publishing the port or adding rules cannot change that.',
      ...(refusal.namespace !== undefined && { namespace: refusal.namespace }),
      status: 'rejected',
      evidence: [socketEvidence(socket), ...refusal.evidence],
      fix: [],
      effect: `Configure ${program} to listen on 0.0.0.0:${socket.port} (or on ${formatEndpoint(refusal.address, socket.port)}) and restart it.`,
    };
  },
};

/** docker run -p 127.0.0.1:P:C: meant for the host itself, and for nobody else. */
function publishedOnLoopback(kase: Case, refusal: Refusal, socket: Socket): Found {
  const publisher = publisherOf(kase);
  const name = publisher?.container.name ?? 'the container';
  const inner = publisher?.port.containerPort ?? socket.port;
  return {
    confidence: Math.min(0.98, refusal.confidence + 0.03),
    title: `port ${socket.port} is published on 127.0.0.1 only`,
    explanation:
      `Container ${name} publishes the port on 127.0.0.1, so Docker’s DNAT rule has -d 127.0.0.1 and docker-proxy listens on 127.0.0.1:${socket.port}. A request to ` +
      `${formatEndpoint(refusal.address, refusal.port)} matches neither, and the host refuses it with RST. That is what "-p 127.0.0.1:…" is for.`,
    ...(refusal.namespace !== undefined && { namespace: refusal.namespace }),
    status: 'rejected',
    evidence: [
      socketEvidence(socket),
      ...(publisher
        ? [
            {
              path: publisher.container.span.path,
              line: publisher.container.span.line,
              text: `container ${name} publishes 127.0.0.1:${socket.port}`,
            },
          ]
        : []),
      ...refusal.evidence,
    ],
    fix: [],
    effect: `If others are to reach it, publish it on all addresses: docker run -p ${socket.port}:${inner} …`,
  };
}
