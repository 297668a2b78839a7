import { formatEndpoint } from '../../net/ip.ts';
import { netnsOf } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { continuations } from '../continuation.ts';
import { describeSighting, rewrites, seenAt, sysctlEvidence } from '../evidence.ts';
import { nameOf } from '../words.ts';

const TIMEOUT = 'net.netfilter.nf_conntrack_tcp_timeout_established';
/** The kernel's default: five days. */
const FIVE_DAYS = 432_000;
const RST = 4;

export const natEntryLostMidflow: Cause = {
  id: 'nat-entry-lost-midflow',
  title: 'Conntrack forgot the connection, and the server spoke first',
  severity: 'error',
  page: () => ({
    symptom:
      'Connections through a published port or a virtual address that were idle for a while hang or are reset; the server sends again and again.',
    mechanism:
      'Once its entry is gone (timed out, flushed, lost in a failover) conntrack knows neither the connection nor its translation. When the client speaks first, the DNAT rule catches the segment and all is well. When the server does, its segment is the first of a new connection from the server’s own address and port: the DNAT is not undone, and at most MASQUERADE gives it the host’s address. The client knows no such connection and resets it.',
    check:
      'tcpdump at the client’s side: from some moment on the server’s segments come from another port or address; sysctl net.netfilter.nf_conntrack_tcp_timeout_established; conntrack -L',
    proof:
      'The answers of one TCP connection, in its own sequence numbers, come from the address that was asked and later from the server’s own port or address; the client answers the latter with RST.',
    refutation:
      'The server’s own address in the very first answer: then nothing was ever translated back (nat-hairpin-same-bridge, nat-reply-bypass). Later segments that are translated again: then single segments were INVALID (ct-invalid-leak).',
    settledBy: [
      'sysctl net.netfilter.nf_conntrack_tcp_timeout_established',
      'conntrack -E (while it happens)',
    ],
    repair:
      'Let either side say something (TCP keep-alive) more often than the timeout, or raise the timeout; never flush conntrack under living connections. IPVS has a timeout of its own, 900 seconds.',
    references: [
      'net/netfilter/nf_conntrack_proto_tcp.c: tcp_new(), nf_conntrack_tcp_loose',
      'RFC 5382, REQ-5',
      'moby/moby#31208',
      'moby/moby#37822',
      'moby/moby#29655',
    ],
  }),
  find(kase) {
    const told = kase.hypothetical ? undefined : continuations(kase.correlation).get(kase.flow);
    if (!told) return undefined;
    const { flow, near, said, from: stranger, reset } = told;
    // A later answer that is translated again: conntrack knows the connection.
    const back = near.reply.kept.find((seen) => seen.time > said.time && ((seen.tcpFlags ?? 0) & RST) === 0);
    if (back) return undefined;
    const { prediction } = kase;
    const rewrite = prediction && rewrites(prediction.there).find(({ manip }) => manip === 'dst');
    const point = kase.correlation.points[near.point];
    const namespace = rewrite?.namespace ?? point?.namespace ?? 'host';
    const where = nameOf(kase, namespace);
    const before = [...near.forward.kept, ...near.reply.kept].filter(({ time }) => time < said.time);
    const last = before.toSorted((left, right) => right.time - left.time)[0];
    const idle = last ? said.time - last.time : 0;
    const timeout = Number(netnsOf(kase, namespace)?.sysctls?.get(TIMEOUT)?.value ?? Number.NaN);
    const outlived = idle >= timeout;
    const asked = formatEndpoint(flow.server.address, flow.server.port);
    const from = formatEndpoint(stranger.address, stranger.port);
    return {
      confidence: outlived ? (reset ? 0.96 : 0.9) : reset ? 0.85 : 0.7,
      title: `the server of ${asked} speaks after ${seconds(idle)} of silence, and ${where} has forgotten the connection`,
      explanation:
        `The connection to ${asked} worked, translated there and back. After ${seconds(idle)} without a packet the server sends on, and its segment arrives from ${from}: ${where} ` +
        'has no conntrack entry for the connection any more, so it takes the segment for a new one and translates nothing back. ' +
        (reset ? 'The client knows no connection with that peer and resets it. ' : '') +
        (outlived
          ? `${TIMEOUT} is ${timeout} seconds, less than the silence.`
          : Number.isNaN(timeout)
            ? `Whether the silence was longer than ${TIMEOUT} allows was not dumped; the entry may also have been deleted.`
            : `${TIMEOUT} is ${timeout} seconds, so it was not the silence: something deleted the entry (conntrack -F or -D, a failover).`),
      namespace,
      ...(outlived && { sysctl: TIMEOUT }),
      status: 'degraded',
      evidence: [
        ...(last
          ? [seenAt(kase, last, `${describeSighting(last)}: the last packet before the silence`)]
          : []),
        seenAt(kase, said, `${describeSighting(said)}: the server’s next segment, not translated back`),
        ...(reset ? [seenAt(kase, reset, `${describeSighting(reset)}: the client resets it`)] : []),
        ...sysctlEvidence(kase, namespace, TIMEOUT),
      ],
      fix: outlived ? longer(namespace) : [],
      replay: false,
      effect: outlived
        ? 'New connections then live through the silence; those that are forgotten have to be opened anew. TCP keep-alive at either end, more often than the timeout, does as well.'
        : 'Connections that are forgotten have to be opened anew. Find out what deletes the entry; don’t flush conntrack under living connections.',
    };
  },
};

function longer(namespace: string): Command[] {
  return [{ namespace, text: `sysctl -w ${TIMEOUT}=${FIVE_DAYS}` }];
}

function seconds(idle: number): string {
  return idle < 120 ? `${idle.toFixed(idle < 10 ? 1 : 0)} s` : `${Math.round(idle / 60)} minutes`;
}
