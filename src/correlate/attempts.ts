/** What one point saw of a conversation as questions, and whether each was answered: what tells when behaviour changes. */
import { PROTOCOL } from '../net/protocol.ts';
import type { Packet } from '../packet/packet.ts';
import type { Sighting } from './flow.ts';

/** Refused: by a RST, or by an ICMP error that quotes the question. */
export type AttemptResult = 'answered' | 'silent' | 'refused';

/** Questions in a row that ended the same way: echo requests, datagrams of who began, SYNs. */
export interface AttemptRun {
  readonly result: AttemptResult;
  count: number;
  readonly first: Sighting;
  last: Sighting;
  /** The answer to the first of them, or its refusal. */
  readonly reply?: Sighting;
  /** That to the last. */
  lastReply?: Sighting;
}

interface Attempt {
  readonly request: Sighting;
  result: AttemptResult;
  reply?: Sighting;
}

/** Questions that may still be answered are kept one by one, older ones as runs. */
const OPEN = 32;
/** Of a conversation that goes back and forth more often the rest is not followed. */
const RUNS = 64;
/** The same packet at the same point again: a capture of several interfaces, a bridge and its port. */
const SAME_PACKET_SECONDS = 1;

export class AttemptLog {
  readonly #open: Attempt[] = [];
  readonly #runs: AttemptRun[] = [];

  ask(request: Sighting): void {
    if (this.#open.some((attempt) => isSame(attempt.request, request))) return;
    this.#open.push({ request, result: 'silent' });
    const oldest = this.#open.length > OPEN ? this.#open.shift() : undefined;
    if (oldest) append(this.#runs, oldest);
  }

  /** An answer belongs to the question with its sequence number, else to the latest that has none yet. */
  answer(reply: Sighting, result: Exclude<AttemptResult, 'silent'>): void {
    const attempt = this.#open.findLast(
      ({ request, result: known }) =>
        known === 'silent' &&
        (reply.icmpSequence === undefined || result === 'refused'
          ? request.time <= reply.time
          : request.icmpSequence === reply.icmpSequence),
    );
    if (!attempt) return;
    attempt.result = result;
    attempt.reply = reply;
  }

  /** In the order of the questions. */
  runs(): readonly AttemptRun[] {
    const all = this.#runs.map((run) => ({ ...run }));
    for (const attempt of this.#open) append(all, attempt);
    return all;
  }
}

function append(runs: AttemptRun[], { request, result, reply }: Attempt): void {
  const last = runs.at(-1);
  if (last?.result === result) {
    last.count++;
    last.last = request;
    if (reply) last.lastReply = reply;
  } else if (runs.length < RUNS) {
    runs.push({ result, count: 1, first: request, last: request, ...(reply && { reply, lastReply: reply }) });
  }
}

function isSame(left: Sighting, right: Sighting): boolean {
  return (
    left.id === right.id &&
    left.id !== undefined &&
    left.id !== 0 &&
    left.icmpSequence === right.icmpSequence &&
    left.sequence === right.sequence &&
    left.length === right.length &&
    Math.abs(right.time - left.time) < SAME_PACKET_SECONDS
  );
}

const ECHO_REQUESTS = new Set([8, 128]);
const ECHO_REPLIES = new Set([0, 129]);
const SYN = 2;
const RST = 4;
const ACK = 16;

/** What a packet is to the question and answer of its conversation; `byInitiator`: the side that began sent it. */
export function roleOf({ ip, tcp, icmp }: Packet, byInitiator: boolean): 'ask' | AttemptResult | undefined {
  if (!ip || ip.fragmentOffset > 0) return undefined;
  if (icmp) {
    if (ECHO_REQUESTS.has(icmp.type)) return 'ask';
    return ECHO_REPLIES.has(icmp.type) ? 'answered' : undefined;
  }
  if (tcp) {
    if (tcp.flags & SYN) return tcp.flags & ACK ? 'answered' : 'ask';
    return tcp.flags & RST && !byInitiator ? 'refused' : undefined;
  }
  if (ip.protocol !== PROTOCOL.udp) return undefined;
  return byInitiator ? 'ask' : 'answered';
}
