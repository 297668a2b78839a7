import { once } from '../base/memo.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Flow, IcmpErrorSeen, Leg, Sighting } from './flow.ts';

const ICMP_DESTINATION_UNREACHABLE = 3;
const ICMP_TIME_EXCEEDED = 11;
const ICMPV6_DESTINATION_UNREACHABLE = 1;
const ICMPV6_TIME_EXCEEDED = 3;
const FRAGMENTATION_NEEDED = 4;

/** What the captures alone say of a flow's fate. */
export interface Outcome {
  readonly status: 'delivered' | 'rejected' | 'no-reply' | 'unknown';
  /** An answer that reached the point nearest to the client. */
  readonly answer?: Sighting;
  /** An answer that was seen somewhere and not at the point nearest to the client. */
  readonly lostAnswer?: Sighting;
  /** What the client sent later shows that it got answers. */
  readonly acknowledged?: boolean;
  /** The server took the client's data and reset the connection without a byte of answer. */
  readonly reset?: Sighting;
  /** Data that was sent again and again, unacknowledged, until the capture or the connection ended: it worked before. */
  readonly stalled?: {
    readonly segment: Sighting;
    readonly direction: 'forward' | 'reply';
    readonly repeats: number;
  };
  /** The first of several requests at the end of the flow that nobody answered, though earlier ones were. */
  readonly unansweredTail?: Sighting;
  /** The RST or ICMP error that refused it. */
  readonly refusal?: Sighting;
  readonly error?: IcmpErrorSeen;
  /** Nobody has to answer this (UDP without a known question), so silence proves nothing. */
  readonly oneWay: boolean;
}

/** Reads the outcome off the legs; no model involved. */
export const outcomeOf = once((flow: Flow): Outcome => {
  const near = flow.legs[0];
  const oneWay = flow.protocol !== PROTOCOL.tcp && !isEcho(flow) && !asksName(flow);
  if (!near) return { status: 'unknown', oneWay };
  // What the client takes for an answer comes from the address it asked.
  const nearby = flow.legs.filter((leg) => leg.point === near.point && isSameEnds(leg, near));
  const answer = first(nearby.map(accepted));
  const acknowledged = nearby.some(acknowledges);
  if (answer && isNeverTaken(flow)) return { status: 'no-reply', lostAnswer: answer, oneWay };
  if (answer) {
    const reset = first(nearby.map(resetUnanswered));
    const unansweredTail = first(nearby.map(tailOf));
    const stalled = flow.legs.map(stallOf).find((stall) => stall !== undefined);
    return {
      status: 'delivered',
      answer,
      oneWay,
      acknowledged,
      ...(reset && { reset }),
      ...(stalled && { stalled }),
      ...(unansweredTail && { unansweredTail }),
    };
  }
  if (acknowledged) return { status: 'delivered', oneWay, acknowledged };
  const error = flow.errors.find((seen) => seen.quoted === 'forward' && refuses(flow, seen));
  const rst = first(nearby.map((leg) => leg.reply.rst));
  // What is reset in the middle of a connection was no request: the other end had closed it, and nobody says when.
  if (rst && !flow.begun) return { status: 'unknown', oneWay };
  if (rst && near.forward.packets > 0) return { status: 'rejected', refusal: rst, oneWay };
  const lostAnswer = first(flow.legs.map((leg) => accepted(leg) ?? leg.reply.rst));
  if (error && !lostAnswer) return { status: 'rejected', refusal: error.sighting, error, oneWay };
  if (lostAnswer) return { status: 'no-reply', lostAnswer, oneWay, ...(error && { error }) };
  if (flow.legs.every((leg) => leg.forward.packets === 0)) return { status: 'unknown', oneWay };
  if (!flow.begun && flow.protocol === PROTOCOL.tcp) return { status: 'unknown', oneWay };
  return { status: 'no-reply', oneWay };
});

/** SYN-ACKs again and again and nothing of the client anywhere: its request came by another way, and its ACK never comes. */
function isNeverTaken({ protocol, legs }: Flow): boolean {
  return (
    protocol === PROTOCOL.tcp &&
    legs.every(
      ({ forward, reply: { packets, kept } }) =>
        forward.packets === 0 &&
        packets > REPEATS &&
        packets === kept.length &&
        kept.every(({ tcpFlags = 0 }) => (tcpFlags & 0x17) === 0x12),
    )
  );
}

function isSameEnds(left: Leg, right: Leg): boolean {
  return (
    left.client.address === right.client.address &&
    left.client.port === right.client.port &&
    left.server.address === right.server.address &&
    left.server.port === right.server.port
  );
}

/** The first packet of the responder that is more than a refusal. */
function accepted(leg: Leg): Sighting | undefined {
  const { reply } = leg;
  if (reply.packets === 0) return undefined;
  if (
    reply.rst &&
    !reply.synAck &&
    reply.payload === 0 &&
    reply.packets === reply.kept.filter((seen) => isRst(seen)).length
  ) {
    return undefined;
  }
  return reply.synAck ?? reply.kept.find((seen) => !isRst(seen));
}

function resetUnanswered({ forward, reply }: Leg): Sighting | undefined {
  return reply.synAck && reply.rst && reply.payload === 0 && forward.payload > 0 && !reply.fin
    ? reply.rst
    : undefined;
}

/** So many more transmissions of one segment, without any word from the other side, are no chance loss. */
const REPEATS = 2;

/**
 * The other side said nothing after the segment was sent for the first time, or nothing but that it still waits for it. A capture
 * of one direction can't tell.
 */
function stallOf({ forward, reply }: Leg): Outcome['stalled'] {
  for (const [side, other, direction] of [
    [forward, reply, 'forward'],
    [reply, forward, 'reply'],
  ] as const) {
    const segment = side.repeated;
    if (!segment || side.repeats < REPEATS || other.packets === 0) continue;
    const silent = (other.last?.time ?? 0) <= segment.time;
    const waits = segment.sequence !== undefined && other.last?.acknowledgement === segment.sequence;
    if (silent || waits) return { segment, direction, repeats: side.repeats + 1 };
  }
  return undefined;
}

/** So many unanswered requests in a row are no accident of when the capture ended. */
const TAIL = 3;

/** Of request and answer protocols (UDP, ICMP): requests after the last answer. TCP sends no request of its own for each answer. */
function tailOf({ forward, reply }: Leg): Sighting | undefined {
  const last = reply.last;
  if (!last || last.tcpFlags !== undefined) return undefined;
  const rest = forward.kept.filter((seen) => seen.time > last.time);
  return rest.length >= TAIL ? rest[0] : undefined;
}

const isRst = (seen: Sighting) => ((seen.tcpFlags ?? 0) & 4) !== 0;

function first(sightings: readonly (Sighting | undefined)[]): Sighting | undefined {
  return sightings.find((seen) => seen !== undefined);
}

function refuses(flow: Flow, { type, code }: IcmpErrorSeen): boolean {
  if (flow.family === 6) return type === ICMPV6_DESTINATION_UNREACHABLE || type === ICMPV6_TIME_EXCEEDED;
  return (
    (type === ICMP_DESTINATION_UNREACHABLE && code !== FRAGMENTATION_NEEDED) || type === ICMP_TIME_EXCEEDED
  );
}

export function isEcho(flow: Flow): boolean {
  return flow.protocol === PROTOCOL.icmp || flow.protocol === PROTOCOL['ipv6-icmp'];
}

export function asksName(flow: Flow): boolean {
  return (flow.protocol === PROTOCOL.udp || flow.protocol === PROTOCOL.tcp) && flow.server.port === 53;
}

/** A client that acknowledges after its SYN, or more and more in mid-flow, has got the answers, though they may not be here. */
function acknowledges(leg: Leg): boolean {
  const acknowledged = leg.forward.kept.flatMap((seen) =>
    ((seen.tcpFlags ?? 0) & 0x14) === 0x10 ? [seen.acknowledgement] : [],
  );
  const opened = leg.forward.syn !== undefined;
  return new Set(acknowledged).size > (opened ? 0 : 1);
}

/** UDP ports of protocols in which the receiver never answers: Wake-on-LAN, SNMP traps, syslog, IPFIX, NetFlow, sFlow, statsd, GELF, collectd. */
const ONE_WAY: ReadonlySet<number> = new Set([9, 162, 514, 2055, 4739, 6343, 8125, 9995, 9996, 12201, 25826]);
/** Somebody who talks on and on to silence doesn't wait for an answer: so many datagrams, and not all of one length. */
const MONOLOGUE = 8;

/** A flow that has no other direction by its nature. */
export function answersNobody({ protocol, server, legs, tunnel }: Flow): boolean {
  if (tunnel !== undefined) return true;
  if (protocol !== PROTOCOL.udp || legs.some(({ reply }) => reply.packets > 0)) return false;
  if (ONE_WAY.has(server.port)) return true;
  // System ports are of protocols that ask.
  return (
    server.port > 1023 &&
    legs.some(
      ({ forward }) =>
        forward.packets >= MONOLOGUE && new Set(forward.kept.map(({ length }) => length)).size > 1,
    )
  );
}
