import type { Leg } from '../../correlate/flow.ts';
import { fateOf } from '../../correlate/predict.ts';
import type { Socket } from '../../dump/records.ts';
import { parseIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { type Case, modelDrop, netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { counterEvidence, describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { listeners } from '../refusal.ts';
import { legsTo } from '../server-legs.ts';
import { capital, nameOf } from '../words.ts';

const OVERFLOWS = 'TcpExtListenOverflows';

/** tcp_conn_request(), net/ipv4/tcp_input.c: sk_acceptq_is_full() drops the SYN; sk_ack_backlog > sk_max_ack_backlog. */
export const sockBacklogFull: Cause = {
  id: 'sock-backlog-full',
  title: 'The accept queue of the server is full',
  severity: 'error',
  page: () => ({
    symptom:
      'Under load, or when a program hangs, new connections to one port time out or take a second or more; other ports of the same machine are fine.',
    mechanism:
      'Connections whose handshake is done wait in a queue of the listening socket until the program accepts them. The queue takes one more than the backlog of listen(2), which net.core.somaxconn limits. While it is full the kernel drops each SYN without a word (and the last ACK of handshakes on their way), so clients send it again and wait.',
    check:
      'ss -lnt in the namespace of the service: Recv-Q (waiting) above Send-Q (the backlog); nstat -az TcpExtListenOverflows TcpExtListenDrops, twice',
    proof:
      'The SYN reaches the server’s interface, is sent again and never answered, by RST neither; others to that port were answered before; ss shows Recv-Q above Send-Q for the listening socket, and ListenOverflows counts.',
    refutation:
      'Recv-Q at or below Send-Q while it happens, TcpExtListenOverflows that stands still (ListenDrops alone counts other failures too, such as no route for the SYN-ACK), a SYN-ACK or RST that was sent, or a rule that drops.',
    settledBy: [
      'ss -lntp (in the namespace of the service, while it happens)',
      'nstat -az TcpExtListenOverflows TcpExtListenDrops',
      'sysctl net.core.somaxconn',
    ],
    repair:
      'Find out why the program doesn’t accept: all workers busy, or it hangs. For bursts, a larger backlog in the program’s listen(2) and a net.core.somaxconn that allows it, and restart it.',
    references: [
      'net/ipv4/tcp_input.c: tcp_conn_request(), include/net/sock.h: sk_acceptq_is_full()',
      'net/ipv4/tcp_minisocks.c: tcp_check_req(), drop reason TCP_LISTEN_OVERFLOW',
      'TcpExtListenOverflows, TcpExtListenDrops: net/ipv4/proc.c',
      'listen(2): backlog',
      'tcp(7): tcp_abort_on_overflow',
      'ss(8)',
    ],
  }),
  find(kase) {
    const { flow, outcome, prediction } = kase;
    if (flow.protocol !== PROTOCOL.tcp || kase.hypothetical || !flow.begun || !prediction) return undefined;
    if (outcome.status !== 'no-reply' || outcome.stalled || outcome.lostAnswer) return undefined;
    const { there } = prediction;
    if (fateOf(there) !== 'delivered' || modelDrop(kase)) return undefined;
    const { namespace } = there;
    const port = there.final.destinationPort ?? flow.server.port;
    const arrived = flow.legs.find((leg) => isIn(kase, leg, namespace))?.forward.syn;
    const socket = listenerOf(kase, namespace, port);
    const full = socket !== undefined && (socket.receiveQueue ?? 0) > (socket.sendQueue ?? 0);
    const served = servedBefore(kase, port);
    const confidence = confidenceOf(
      kase,
      namespace,
      full,
      socket,
      arrived !== undefined,
      served !== undefined,
    );
    if (confidence === 0) return undefined;
    const where = nameOf(kase, namespace);
    const program = socket?.process ?? 'the program';
    const waiting = full ? `: ${socket.receiveQueue} wait, and it allows ${socket.sendQueue}` : '';
    return {
      confidence,
      title: full
        ? `the accept queue of ${program} on port ${port} in ${where} is full${waiting}`
        : `the accept queue of port ${port} in ${where} was full, it seems`,
      explanation:
        `The SYN ${arrived ? `arrives in ${where}` : `finds its way to ${where}`}, where somebody listens on port ${port}, and nothing goes back, not even a refusal. ` +
        (full
          ? `${capital(program)} has ${socket.receiveQueue} connections waiting that it hasn’t accepted, more than the backlog of ${socket.sendQueue} it asked for: while that is so, the kernel drops every SYN to that port. `
          : `A listener whose accept queue is full does just that, and ${where}’s kernel has counted such drops. `) +
        'Connections that were accepted go on, and other ports are not affected.',
      namespace,
      group: `${namespace} ${port}`,
      status: 'dropped',
      evidence: [
        ...(arrived
          ? [seenAt(kase, arrived, `${describeSighting(arrived)}: the SYN is there, and nothing answers it`)]
          : []),
        ...(socket ? [queueEvidence(socket)] : []),
        ...counterEvidence(kase, namespace, OVERFLOWS, 'SYNs and last ACKs dropped for a full accept queue'),
        ...(served ? [served] : []),
      ],
      fix: [],
      replay: false,
      effect:
        `Find out why ${program} doesn’t accept its connections (busy or hanging workers), and restart it. ` +
        `If it is bursts only, raise the backlog of its listen(2)${full ? `, now ${socket.sendQueue}` : ''}, and net.core.somaxconn to at least as much. ` +
        `Recv-Q of ss -lnt in ${where} must fall below Send-Q; what then comes is answered.`,
    };
  },
};

function isIn(kase: Case, { point, forward }: Leg, namespace: string): boolean {
  return forward.syn !== undefined && kase.correlation.points[point]?.namespace === namespace;
}

function listenerOf(kase: Case, namespace: string, port: number): Socket | undefined {
  const sockets = listeners(kase, netnsOf(kase, namespace)?.sockets).filter((one) => one.port === port);
  const asked = parseIp(kase.prediction?.there.final.destination ?? '');
  return (
    sockets.find(({ address }) => address === asked) ?? sockets.find(({ address }) => address === undefined)
  );
}

function confidenceOf(
  kase: Case,
  namespace: string,
  full: boolean,
  socket: Socket | undefined,
  arrived: boolean,
  served: boolean,
): number {
  const counters = netnsOf(kase, namespace)?.counters;
  const overflows = counters?.get(OVERFLOWS)?.value;
  // nstat leaves out what is 0 unless it is asked for all; then another of its counters shows that it would be there.
  const never = overflows === 0 || (overflows === undefined && counters?.has('TcpInSegs') === true);
  const assumed = kase.prediction?.there.assumptions.length ?? 0;
  if (never) return full ? 0.3 : 0;
  if (full) return !arrived ? 0.65 : overflows === undefined ? 0.88 : 0.96;
  if (!arrived) return 0;
  // It isn’t full any more, or nobody looked.
  if (overflows !== undefined) return socket && served && assumed === 0 ? 0.72 : 0.5;
  return !socket && served ? 0.4 : 0;
}

function queueEvidence({ span, process, port, receiveQueue, sendQueue }: Socket): Evidence {
  const text = `${process ?? 'a process'} listens on port ${port}: Recv-Q ${receiveQueue}, Send-Q ${sendQueue}`;
  return { path: span.path, line: span.line, text };
}

/** Another connection to the same port that got its SYN-ACK. */
function servedBefore(kase: Case, port: number): Evidence | undefined {
  const { flow, correlation } = kase;
  const ends = new Set(flow.legs.map(({ server }) => server.address));
  for (const address of ends) {
    for (const other of legsTo(correlation, flow.protocol, { address, port })) {
      const { synAck } = other.leg.reply;
      if (other.flow.id !== flow.id && synAck)
        return seenAt(kase, synAck, `${describeSighting(synAck)}: another connection is answered`);
    }
  }
  return undefined;
}
