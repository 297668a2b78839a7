import type { CaptureFlows } from '../../scan/capture-flows.ts';
import { HAS_DATA, NOTE, RECORD, type Records, SIDE } from '../../scan/records.ts';
import type { FlowEnd } from '../flow.ts';
import type { Forest } from '../forest.ts';
import type { Conversations } from './conversations.ts';
import type { GroupLog } from './quoted.ts';

const TCP = 6;
const UDP = 17;
const RST = 4;
const FIN = 1;

/** What the records show of a flow that isn't as it should be; `SEVERE` of it asks for an explanation. */
export const SHAPE = {
  noReply: 1,
  noRequest: 2,
  /** Answered by a RST alone. */
  refused: 4,
  /** The server took the data and reset the connection without a byte of answer. */
  reset: 8,
  /** Data that was sent again and again at the end. */
  stalled: 16,
  /** Several requests at the end that nobody answered. */
  tail: 32,
  /** The same packet may have come by with a smaller TTL. */
  ttlFell: 64,
  /** An ICMP error quotes one of its packets. */
  quoted: 128,
  /** A name server answered that it has no answer. */
  nameError: 256,
  /** SYNs or SYN-ACKs came several times. */
  repeatedSyn: 512,
  /** Points saw different numbers of its packets. */
  lost: 1024,
  /** Echo requests without replies. */
  lostEcho: 2048,
  /** A RST after data. */
  rst: 4096,
  /** The beginning of the connection wasn't captured. */
  unbegun: 8192,
} as const;

export const SEVERE =
  SHAPE.noReply | SHAPE.noRequest | SHAPE.refused | SHAPE.reset | SHAPE.stalled | SHAPE.tail | SHAPE.quoted;

const REPEATS = 2;
const TAIL = 3;

/** What one point saw of a flow. */
interface Leg {
  capture: number;
  record: number;
  records: Records;
  conversation: number;
  /** The side that the initiator sent: 0 or 1 of the record. */
  forward: number;
  /** The same of the conversation. */
  forwardEnd: number;
}

export type LegRef = Readonly<Leg>;

/** Legs that are used again for the next flow: millions are asked for. */
export type LegRoom = Leg[];

/** The flows over all captures, each a few words; nothing is kept of their packets. */
export class SeenFlows {
  readonly count: number;
  readonly #captures: readonly CaptureFlows[];
  readonly #conversations: Conversations;
  readonly #links: Forest;
  readonly #quoted: ReadonlySet<number>;
  readonly #groups: GroupLog;
  /** Legs of flow `i`: from `#from[i]` to `#from[i + 1]`. */
  readonly #from: Uint32Array;
  readonly #legCapture: Uint16Array;
  readonly #legRecord: Uint32Array;
  /** By conversation: the flow of one that stands for all of it. */
  readonly #flowOfRoot: Int32Array;

  /** `quoted`: conversations of which an ICMP error quotes a packet. */
  constructor(
    captures: readonly CaptureFlows[],
    conversations: Conversations,
    links: Forest,
    quoted: ReadonlySet<number>,
    groups: GroupLog,
  ) {
    this.#quoted = quoted;
    this.#groups = groups;
    this.#captures = captures;
    this.#conversations = conversations;
    this.#links = links;
    // Flows in order of their roots, which is that of first sight, capture by capture.
    const flowOfRoot = new Int32Array(conversations.count).fill(-1);
    let count = 0;
    for (let i = 0; i < conversations.count; i++) if (links.root(i) === i) flowOfRoot[i] = count++;
    this.count = count;
    this.#flowOfRoot = flowOfRoot;
    const from = new Uint32Array(count + 2);
    const flowOf = (own: number) => flowOfRoot[links.root(own >>> 1)] as number;
    let legs = 0;
    for (const ofRecord of conversations.ofRecord) {
      legs += ofRecord.length;
      for (let record = 0; record < ofRecord.length; record++) {
        const at = flowOf(ofRecord[record] as number) + 2;
        from[at] = (from[at] as number) + 1;
      }
    }
    for (let i = 2; i < from.length; i++) from[i] = (from[i] as number) + (from[i - 1] as number);
    this.#legCapture = new Uint16Array(legs);
    this.#legRecord = new Uint32Array(legs);
    for (const [capture, ofRecord] of conversations.ofRecord.entries()) {
      for (let record = 0; record < ofRecord.length; record++) {
        const flow = flowOf(ofRecord[record] as number);
        const at = from[flow + 1] as number;
        from[flow + 1] = at + 1;
        this.#legCapture[at] = capture;
        this.#legRecord[at] = record;
      }
    }
    this.#from = from;
  }

  /** The flow of packets between these two ends, -1 when no record is of them. */
  find(protocol: number, one: FlowEnd, other: FlowEnd): number {
    const conversation = this.#conversations.find(protocol, one, other);
    return conversation < 0 ? -1 : (this.#flowOfRoot[this.#links.root(conversation)] as number);
  }

  /** No flow between two hosts, as another packet to the same address shows. */
  isNoise(leg: LegRef): boolean {
    return this.#groups.size > 0 && this.#groups.has(this.ends(leg).server);
  }

  legs(flow: number, room: LegRoom = []): readonly LegRef[] {
    const begin = this.#from[flow] as number;
    const count = (this.#from[flow + 1] as number) - begin;
    for (let i = 0; i < count; i++) {
      const capture = this.#legCapture[begin + i] as number;
      const record = this.#legRecord[begin + i] as number;
      const own = (this.#conversations.ofRecord[capture] as Uint32Array)[record] as number;
      const { records } = (this.#captures[capture] as CaptureFlows).table;
      const conversation = own >>> 1;
      // Until who began is known: the side that is the root's lower end.
      const forwardEnd = this.#links.crossed(conversation);
      const forward = forwardEnd ^ (own & 1);
      const leg = room[i];
      if (leg) {
        leg.capture = capture;
        leg.record = record;
        leg.records = records;
        leg.conversation = conversation;
        leg.forward = forward;
        leg.forwardEnd = forwardEnd;
      } else room.push({ capture, record, records, conversation, forward, forwardEnd });
    }
    if (room.length > count) room.length = count;
    if (this.#lowBegan(room)) return room;
    for (const leg of room) {
      leg.forward ^= 1;
      leg.forwardEnd ^= 1;
    }
    return room;
  }

  /** The root's lower end began: certain where a leg says so, else guessed from ports and who was seen first. */
  #lowBegan(legs: readonly LegRef[]): boolean {
    let earliest = legs[0];
    if (!earliest) return true;
    for (const leg of legs) {
      const notes = notesOf(leg.records, leg.record);
      if ((notes & NOTE.certain) !== 0) return ((notes & NOTE.highBegan) !== 0) === (leg.forward === 1);
    }
    for (let i = 1; i < legs.length; i++) {
      const leg = legs[i] as LegRef;
      if (leg.records.first(leg.record) < earliest.records.first(earliest.record)) earliest = leg;
    }
    const sender = (notesOf(earliest.records, earliest.record) & NOTE.highFirst) !== 0 ? 1 : 0;
    const ports = earliest.records.word(earliest.record, RECORD.ports);
    const own = sender === 0 ? ports >>> 16 : ports & 0xffff;
    const other = sender === 0 ? ports & 0xffff : ports >>> 16;
    const began = isSystem(own) && !isSystem(other) ? sender ^ 1 : sender;
    return began === earliest.forward;
  }

  /** The leg nearest to the client: the largest TTL, then the earliest. */
  near(legs: readonly LegRef[]): LegRef {
    let best = legs[0] as LegRef;
    for (const leg of legs) if (isNearer(leg, best)) best = leg;
    return best;
  }

  protocol(leg: LegRef): number {
    return leg.records.word(leg.record, RECORD.kind) & 255;
  }

  ends(leg: LegRef): { readonly client: FlowEnd; readonly server: FlowEnd } {
    return {
      client: this.#conversations.end(leg.conversation, leg.forwardEnd),
      server: this.#conversations.end(leg.conversation, leg.forwardEnd ^ 1),
    };
  }

  family(leg: LegRef): 4 | 6 {
    return this.#conversations.family(leg.conversation);
  }

  /** The word of its key that is its initiator's address, and that of the other end. */
  clientWord({ conversation, forwardEnd }: LegRef): number {
    return this.#conversations.word(conversation, forwardEnd === 0 ? RECORD.low : RECORD.high);
  }

  serverWord({ conversation, forwardEnd }: LegRef): number {
    return this.#conversations.word(conversation, forwardEnd === 0 ? RECORD.high : RECORD.low);
  }

  /** The server's port; an echo's identifier names no service: 0. */
  servicePort(leg: LegRef): number {
    const protocol = this.protocol(leg);
    if (protocol !== TCP && protocol !== UDP) return 0;
    return this.#conversations.port(leg.conversation, leg.forwardEnd ^ 1);
  }

  /** Its client means it, as nobody does who looks for open ports: it goes on with an answer, or tries again. */
  isMeant(leg: LegRef, shape: number): boolean {
    if ((shape & SHAPE.repeatedSyn) !== 0) return true;
    return (shape & (SEVERE | SHAPE.rst)) === 0 && this.servicePort(leg) !== 0;
  }

  /** `SHAPE`s; 0 for a flow that was answered to the end, as far as its records tell. */
  shape(legs: readonly LegRef[]): number {
    const near = this.near(legs);
    let shape = 0;
    let begun = false;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    const protocol = this.protocol(near);
    for (const leg of legs) {
      const { records, record, forward } = leg;
      const there = records.side(record, forward, SIDE.packets);
      const back = records.side(record, forward ^ 1, SIDE.packets);
      const thereRows = records.side(record, forward, SIDE.rows);
      const backRows = records.side(record, forward ^ 1, SIDE.rows);
      const notes = notesOf(records, record);
      if ((notes & NOTE.certain) !== 0) begun = true;
      if (there === 0) shape |= SHAPE.noRequest;
      if (back === 0) shape |= SHAPE.noReply;
      least = Math.min(least, there);
      most = Math.max(most, there);
      if ((notes & NOTE.ttlFell) !== 0) shape |= SHAPE.ttlFell;
      if (this.#quoted.has(leg.conversation)) shape |= SHAPE.quoted;
      if ((notes & NOTE.nameError) !== 0) shape |= SHAPE.nameError;
      if (((thereRows >>> 16) & 255) >= REPEATS || ((backRows >>> 16) & 255) >= REPEATS)
        shape |= SHAPE.stalled;
      if (protocol === TCP) {
        const syns = (notes >>> 16) & 255;
        const synAcks = notes >>> 24;
        if (syns > 1 || synAcks > 1) shape |= SHAPE.repeatedSyn;
        const flags = records.side(record, forward, SIDE.bits) & 255;
        const backFlags = records.side(record, forward ^ 1, SIDE.bits) & 255;
        const answered = (backRows & HAS_DATA) !== 0;
        if (((flags | backFlags) & RST) !== 0) shape |= SHAPE.rst;
        if ((backFlags & RST) !== 0 && !answered) {
          if (synAcks === 0) shape |= SHAPE.refused;
          else if ((thereRows & HAS_DATA) !== 0 && (backFlags & FIN) === 0) shape |= SHAPE.reset;
        }
      } else {
        const isForwardLast = ((notes & NOTE.highLast) !== 0 ? 1 : 0) === forward;
        if (isForwardLast && (thereRows & 255) >= TAIL && back > 0) shape |= SHAPE.tail;
        if (protocol !== UDP && there !== back) shape |= SHAPE.lostEcho;
      }
    }
    if (most - least > Math.max(2, most / 64)) shape |= SHAPE.lost;
    if (protocol === TCP && !begun) shape |= SHAPE.unbegun;
    return shape;
  }
}

function notesOf(records: Records, record: number): number {
  return records.word(record, RECORD.notes);
}

const isSystem = (port: number) => port > 0 && port < 1024;

function isNearer(leg: LegRef, best: LegRef): boolean {
  return byWay(leg, best) < 0;
}

/** In the order in which the client's packets pass them: by their TTL, then by time. Where none was seen comes last. */
export function byWay(leg: LegRef, other: LegRef): number {
  const packets = leg.records.side(leg.record, leg.forward, SIDE.packets);
  const others = other.records.side(other.record, other.forward, SIDE.packets);
  if (packets === 0 || others === 0) return Number(packets === 0) - Number(others === 0);
  const ttl = (leg.records.side(leg.record, leg.forward, SIDE.bits) >>> 8) & 255;
  const otherTtl = (other.records.side(other.record, other.forward, SIDE.bits) >>> 8) & 255;
  if (ttl !== otherTtl) return otherTtl - ttl;
  return leg.records.first(leg.record) - other.records.first(other.record);
}
