/** Packets as they come, counted by conversation and place: what is asked of a flow between two analyses, and before the last seconds. */
import type { Frame } from '../capture/frame.ts';
import type { FlowEnd } from '../correlate/flow.ts';
import { ConversationCounts, type Counted, type CountsOptions, FATE } from './conversation-counts.ts';
import { PacketReader, type Reading } from './packet-reader.ts';
import { Sampler, type Sampling } from './sampler.ts';

/** A flow's ends as one place sees them. */
export interface Face {
  readonly protocol: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
}

/** Where a conversation's packets were seen, by whether its client sent them. */
export interface SeenAt {
  readonly place: number;
  readonly forward: number;
  readonly reply: number;
}

export interface SeenConversation {
  /** Another one than before: what was counted then was forgotten. */
  readonly serial: number;
  /** Epoch seconds. */
  readonly last: number;
  readonly at: readonly SeenAt[];
}

export interface TallyOptions extends CountsOptions {
  /** Bytes a second that may be kept; undefined: all. */
  readonly room?: number;
}

/** Seconds of a conversation that are too short to be told from another one's. */
const REST = 2;
/** IPv6 addresses that are numbered; beyond, all begins anew. */
const MOST_ADDRESSES = 1 << 16;

export class Tally {
  readonly #options: TallyOptions;
  readonly #sampler: Sampler | undefined;
  #reader = new PacketReader();
  #counts: ConversationCounts;
  readonly #places = new Map<string | number, number>();

  constructor(options: TallyOptions = {}) {
    this.#options = options;
    this.#sampler = options.room === undefined ? undefined : new Sampler(options.room);
    this.#counts = new ConversationCounts(options);
  }

  /** Conversations that it knows. */
  get size(): number {
    return this.#counts.count;
  }

  /** Undefined: all packets are kept. */
  get sampling(): Sampling | undefined {
    return this.#sampler?.sampling;
  }

  /** `point`: the number of a capture point, which may be of several devices; `bytes` that keeping it takes. False: it isn't to be kept. */
  add(point: number, frame: Frame, bytes = 0): boolean {
    if (this.#reader.addresses > MOST_ADDRESSES) this.#beginAnew();
    let isKept = true;
    this.#reader.read(point, frame, (reading) => {
      const conversation = this.#counts.add(reading, this.#place(point, reading));
      // What is inside goes with what carries it.
      if (this.#sampler && reading.tunnel === undefined)
        isKept = this.#sampler.keeps(this.#counts, conversation, reading, bytes);
    });
    return isKept;
  }

  /**
   * Whether a packet that was kept belongs to what is looked at now. Not where its conversation was set aside since, nor where it is
   * only the end of one that was answered before: `from` (epoch seconds) cuts it, and nobody could tell what it was.
   */
  isMeant(point: number, frame: Frame, from: number): boolean {
    let isMeant = true;
    const counts = this.#counts;
    this.#reader.read(point, frame, (reading) => {
      if (reading.tunnel !== undefined) return;
      const conversation = counts.find(reading);
      if (conversation < 0) return;
      const isRest =
        counts.first(conversation) < from &&
        counts.last(conversation) < from + REST &&
        counts.isAnswered(conversation);
      isMeant = counts.fate(conversation) <= FATE.kept && !isRest;
    });
    return isMeant;
  }

  /** Packets of it came, and are kept. */
  isKept(face: Face): boolean {
    const conversation = this.#counts.find(this.#keyOf(face));
    return conversation >= 0 && this.#counts.fate(conversation) <= FATE.kept;
  }

  /** Faces of one flow: where one isn't kept, none is. */
  unite(faces: readonly Face[]): void {
    const own = faces.map((face) => this.#counts.find(this.#keyOf(face))).filter((number) => number >= 0);
    const fate = Math.max(...own.map((conversation) => this.#counts.fate(conversation)));
    if (fate <= FATE.kept) return;
    for (const conversation of own) this.#counts.decide(conversation, FATE.aside);
  }

  find(face: Face): SeenConversation | undefined {
    const { side, ...key } = this.#keyOf(face);
    const counts = this.#counts;
    const conversation = counts.find(key);
    if (conversation < 0) return undefined;
    return {
      serial: counts.serial(conversation),
      last: counts.last(conversation),
      at: counts
        .at(conversation)
        .map(({ place, low, high }) =>
          side === 0 ? { place, forward: low, reply: high } : { place, forward: high, reply: low },
        ),
    };
  }

  #keyOf({ protocol, client, server }: Face): Pick<Counted, 'low' | 'high' | 'ports' | 'kind' | 'side'> {
    return this.#reader.keyOf(protocol, client, server);
  }

  #place(point: number, { device, tunnel }: Reading): number {
    const name = tunnel === undefined ? point * 2 ** 32 + device : `${point} ${device} ${tunnel}`;
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(name, place);
    return place;
  }

  #beginAnew(): void {
    this.#options.onForget?.();
    this.#reader = new PacketReader();
    this.#counts = new ConversationCounts(this.#options, this.#counts.begun);
  }
}
