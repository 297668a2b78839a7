import type { Leg } from '../../correlate/flow.ts';
import { fateOf } from '../../correlate/predict.ts';
import type { Socket } from '../../dump/records.ts';
import { parseIp } from '../../net/ip.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { type Case, modelDrop, netnsOf } from '../case.ts';
import type { Cause } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import { listeners } from '../refusal.ts';
import { capital, nameOf } from '../words.ts';

/** Seconds that a program may take before what it hasn't read says something of it. */
const PATIENCE = 1;

/** udp_queue_rcv_skb(), tcp_rcv_established(): the packet waits at the socket. */
export const sockProgramSilent: Cause = {
  id: 'sock-program-silent',
  title: 'The program has the request and doesn’t answer',
  severity: 'error',
  page: () => ({
    symptom:
      'Connections are made and then nothing comes; datagrams get no answer. Other services of the same machine are fine.',
    mechanism:
      'The network did its part: the request waits at the socket of a program that doesn’t read it (it hangs, is stopped, or waits for something else), or that has read it and says nothing. For TCP the kernel makes the connection and acknowledges data for the program, so that even a program that is stopped seems to be there.',
    check:
      'ss -antup in the namespace of the service: Recv-Q above 0 that doesn’t shrink; then the program itself (its log, ps: state T or D, what it waits for)',
    proof:
      'The request reaches the namespace of the service, a socket there takes it, and nothing goes back at any capture point; ss shows unread bytes (Recv-Q) at that socket.',
    refutation:
      'An answer that leaves the namespace (then it is lost on its way), a Recv-Q of 0 with an answer in the log of the program, or a rule of OUTPUT there that drops the answer.',
    settledBy: [
      'ss -antup (in the namespace of the service, while it happens)',
      'the log of the program',
      'ps -o stat,wchan:30,cmd -p PID',
    ],
    repair: 'Find out what the program waits for, and restart it.',
    references: [
      'ss(8): Recv-Q',
      'net/ipv4/udp.c: __udp_enqueue_schedule_skb()',
      'net/ipv4/tcp_input.c: tcp_data_queue()',
    ],
  }),
  find(kase) {
    if (kase.hypothetical || !kase.prediction) return undefined;
    const { there } = kase.prediction;
    if (fateOf(there) !== 'delivered' || modelDrop(kase)) return undefined;
    const waiting = kase.flow.protocol === PROTOCOL.tcp ? unreadStream(kase) : unansweredDatagram(kase);
    if (!waiting) return undefined;
    const { socket, request, confidence } = waiting;
    const where = nameOf(kase, there.namespace);
    const port = socket.port;
    // A connection that nobody has accepted yet has no process.
    const program = socket.process ?? listenerOn(kase, socket)?.process ?? 'the program';
    const unread = socket.receiveQueue ?? 0;
    const queue = `what came lies unread (Recv-Q ${unread})`;
    return {
      confidence: unread === 0 && there.assumptions.length > 0 ? Math.min(confidence, 0.5) : confidence,
      title: `${program} on port ${port} in ${where} doesn’t answer${unread > 0 ? `: ${queue}` : ''}`,
      explanation:
        `Routing, NAT and filters let the request through to ${where}, where ${program} has a socket on port ${port}, and nothing goes back. ` +
        (unread > 0
          ? `${capital(program)} doesn’t read: ${queue}. It hangs, is stopped, or waits for something else.`
          : `${capital(program)} has read it, and says nothing, or its answer is lost inside ${where}.`),
      namespace: there.namespace,
      group: `${there.namespace} ${port}`,
      status: kase.flow.protocol === PROTOCOL.tcp ? 'degraded' : 'no-reply',
      evidence: [
        seenAt(kase, request, `${describeSighting(request)}: the request, which nothing answers`),
        queueEvidence(socket),
      ],
      fix: [],
      replay: false,
      effect: `Look at the log of ${program} and at what it waits for, and restart it; Recv-Q of ss in ${where} must fall to 0.`,
    };
  },
};

function listenerOn(kase: Case, { port }: Socket): Socket | undefined {
  const sockets = netnsOf(kase, kase.prediction?.there.namespace ?? '')?.sockets;
  return listeners(kase, sockets).find((one) => one.port === port);
}

interface Waiting {
  readonly socket: Socket;
  readonly request: NonNullable<Leg['forward']['last']>;
  readonly confidence: number;
}

/** A datagram that asks something; of those that need no answer only what lies unread. */
function unansweredDatagram(kase: Case): Waiting | undefined {
  const { flow, outcome, prediction } = kase;
  if (flow.protocol !== PROTOCOL.udp || outcome.status !== 'no-reply' || outcome.lostAnswer) return undefined;
  const there = prediction?.there;
  const request = flow.legs.findLast(({ forward }) => forward.packets > 0)?.forward.kept[0];
  if (!there || !request) return undefined;
  const socket = socketsOf(kase, there.final.destinationPort, there.final.destination).find(
    ({ state, peer }) => state === 'UNCONN' || peer?.port === there.final.sourcePort,
  );
  if (!socket) return undefined;
  if ((socket.receiveQueue ?? 0) > 0) return { socket, request, confidence: 0.9 };
  return outcome.oneWay ? undefined : { socket, request, confidence: 0.55 };
}

/** A connection whose data the kernel has acknowledged and nobody has read. */
function unreadStream(kase: Case): Waiting | undefined {
  const { flow, prediction, correlation } = kase;
  const leg = flow.legs.findLast(({ reply }) => reply.synAck !== undefined);
  if (!flow.begun || !prediction || !leg) return undefined;
  if (leg.forward.payload === 0 || flow.legs.some(({ reply }) => reply.payload > 0)) return undefined;
  const request = leg.forward.kept.find(({ payload }) => (payload ?? 0) > 0) ?? leg.forward.last;
  const until = Math.max(...correlation.points.map(({ last = 0 }) => last));
  if (!request || until - request.time < PATIENCE) return undefined;
  const { final } = prediction.there;
  const socket = socketsOf(kase, final.destinationPort, final.destination).find(
    ({ state, peer, receiveQueue = 0 }) =>
      state !== 'LISTEN' &&
      receiveQueue > 0 &&
      peer?.port === final.sourcePort &&
      peer?.address === parseIp(final.source),
  );
  return socket && { socket, request, confidence: 0.88 };
}

/** Of the last namespace, for that destination. */
function socketsOf(kase: Case, port: number | undefined, destination: string): Socket[] {
  const address = parseIp(destination);
  const sockets = netnsOf(kase, kase.prediction?.there.namespace ?? '')?.sockets ?? [];
  const protocol = kase.flow.protocol === PROTOCOL.tcp ? 'tcp' : 'udp';
  const open = [...listeners(kase, sockets), ...sockets.filter(({ peer }) => peer !== undefined)];
  return open.filter(
    (socket) =>
      socket.protocol === protocol &&
      socket.port === port &&
      (socket.address === undefined || socket.address === address),
  );
}

function queueEvidence({ span, process, port, state, receiveQueue }: Socket): Evidence {
  const text = `${process ?? 'a process'} has port ${port} (${state}), Recv-Q ${receiveQueue ?? 'not told'}`;
  return { path: span.path, line: span.line, text };
}
