/** Packets of conversations, counted where they were seen: rows of numbers, so that a packet makes no object. */
import { RecordIndex } from '../scan/record-index.ts';
import { RECORD } from '../scan/records.ts';

/** Words of a key as a record has it: lower and higher end, their ports, protocol and family. */
const KEY_WORDS = 4;
const NONE = -1;
/** A packet that comes again within so many seconds with a smaller TTL is on its way round. */
const LAP_SECONDS = 1;

/** What is counted of a packet. */
export interface Counted {
  /** Of its key. */
  low: number;
  high: number;
  ports: number;
  kind: number;
  /** 0: the lower end sent it, 1: the higher did. */
  side: 0 | 1;
  /** Epoch seconds. */
  time: number;
  ttl: number;
  /** Of what tells it from the packet before it at the same place: identification, sequence number, length. */
  mark: number;
}

/** What one place saw of a conversation: packets of its lower and its higher end. */
export interface PlaceCount {
  readonly place: number;
  readonly low: number;
  readonly high: number;
}

/** Whether packets of a conversation are kept; `none`: nobody decided. */
export const FATE = { none: 0, kept: 1, left: 2, aside: 3 } as const;
export type Fate = (typeof FATE)[keyof typeof FATE];

export interface CountsOptions {
  /** Conversations that there is room for; the half that was idle for longest makes room for others. */
  readonly most?: number;
  /** Before some are forgotten. */
  readonly onForget?: () => void;
}

export class ConversationCounts {
  count = 0;
  /** Keys, and what RecordIndex looks at. */
  words: Uint32Array;
  readonly #most: number;
  readonly #onForget: () => void;
  /** Of a conversation: a number that no other one ever had, the times of its first and last packet, its first cell. */
  readonly #serials: Float64Array;
  readonly #firsts: Float64Array;
  readonly #lasts: Float64Array;
  readonly #heads: Int32Array;
  readonly #fates: Uint8Array;
  /** Of a cell, one for each place that saw the conversation. */
  #cells: Cells;
  #cellCount = 0;
  /** That of the packet that was added last. */
  #cell = 0;
  #index: RecordIndex;
  /** Conversations that there were. */
  begun: number;

  /** `begun`: serial numbers that were given before. */
  constructor({ most = 1 << 15, onForget = () => {} }: CountsOptions = {}, begun = 0) {
    this.begun = begun;
    this.#most = most;
    this.#onForget = onForget;
    this.words = new Uint32Array(most * KEY_WORDS);
    this.#serials = new Float64Array(most);
    this.#firsts = new Float64Array(most);
    this.#lasts = new Float64Array(most);
    this.#heads = new Int32Array(most);
    this.#fates = new Uint8Array(most);
    this.#cells = new Cells(most * 2);
    this.#index = new RecordIndex(this, undefined, KEY_WORDS);
  }

  /** Gives the conversation's number, which holds until some are forgotten. */
  add(packet: Counted, place: number): number {
    const conversation = this.#enter(packet);
    const cell = this.#cellOf(conversation, place);
    this.#cell = cell;
    const at = cell * 2 + packet.side;
    const cells = this.#cells;
    const isLap =
      packet.ttl < (cells.ttls[at] as number) &&
      packet.mark === cells.marks[at] &&
      packet.time - (cells.times[at] as number) < LAP_SECONDS;
    if (!isLap) cells.packets[at] = (cells.packets[at] as number) + 1;
    cells.ttls[at] = packet.ttl;
    cells.marks[at] = packet.mark;
    cells.times[at] = packet.time;
    if (packet.time > (this.#lasts[conversation] as number)) this.#lasts[conversation] = packet.time;
    return conversation;
  }

  /** -1: no packet of it came, or it was forgotten. */
  find({ low, high, ports, kind }: Pick<Counted, 'low' | 'high' | 'ports' | 'kind'>): number {
    return this.#index.find(this.#index.hash(low, high, ports, kind), low, high, ports, kind);
  }

  /** Another one than before: the conversation was forgotten meanwhile, and counts from 0. */
  serial(conversation: number): number {
    return this.#serials[conversation] as number;
  }

  /** Epoch seconds. */
  first(conversation: number): number {
    return this.#firsts[conversation] as number;
  }

  last(conversation: number): number {
    return this.#lasts[conversation] as number;
  }

  fate(conversation: number): Fate {
    return this.#fates[conversation] as Fate;
  }

  decide(conversation: number, fate: Fate): void {
    this.#fates[conversation] = fate;
  }

  /** From now on, of all. */
  keepAll(): void {
    this.#fates.fill(FATE.kept, 0, this.count);
  }

  /** Of the conversation and place of the packet that was added last: gives the bytes of that second so far. */
  spend(bytes: number, second: number): number {
    const { spent, seconds } = this.#cells;
    const cell = this.#cell;
    const sum = bytes + (seconds[cell] === second ? (spent[cell] as number) : 0);
    seconds[cell] = second;
    spent[cell] = sum;
    return sum;
  }

  /** Both ends have been heard, at one place. */
  isAnswered(conversation: number): boolean {
    return this.at(conversation).some(({ low, high }) => low > 0 && high > 0);
  }

  at(conversation: number): PlaceCount[] {
    const { places, packets, next } = this.#cells;
    const found: PlaceCount[] = [];
    for (let cell = this.#heads[conversation] as number; cell !== NONE; cell = next[cell] as number)
      found.push({
        place: places[cell] as number,
        low: packets[cell * 2] as number,
        high: packets[cell * 2 + 1] as number,
      });
    return found;
  }

  #enter({ low, high, ports, kind, time }: Counted): number {
    const hash = this.#index.hash(low, high, ports, kind);
    const known = this.#index.find(hash, low, high, ports, kind);
    if (known >= 0) return known;
    if (this.count === this.#most) this.#makeRoom();
    const conversation = this.count++;
    this.words.set([low, high, ports, kind], conversation * KEY_WORDS);
    this.#serials[conversation] = ++this.begun;
    this.#firsts[conversation] = time;
    this.#lasts[conversation] = time;
    this.#heads[conversation] = NONE;
    this.#fates[conversation] = FATE.none;
    this.#index.insert(hash, conversation);
    return conversation;
  }

  #cellOf(conversation: number, place: number): number {
    const head = this.#heads[conversation] as number;
    const cells = this.#cells;
    for (let cell = head; cell !== NONE; cell = cells.next[cell] as number)
      if (cells.places[cell] === place) return cell;
    if (this.#cellCount === cells.room) this.#cells = Cells.of(cells, cells.room * 2);
    const cell = this.#cellCount++;
    this.#cells.clear(cell, place, head);
    this.#heads[conversation] = cell;
    return cell;
  }

  /** The half that has been idle for longest goes. Numbers of conversations are others then. */
  #makeRoom(): void {
    this.#onForget();
    const lasts = this.#lasts.slice(0, this.count).sort();
    const limit = lasts[this.count >> 1] as number;
    // Many may have come at once.
    let equal = (this.count >> 1) - lasts.indexOf(limit);
    const before = this.#cells;
    const cells = new Cells(before.room);
    let kept = 0;
    let used = 0;
    for (let each = 0; each < this.count; each++) {
      const last = this.#lasts[each] as number;
      if (last < limit || (last === limit && equal-- > 0)) continue;
      let head = NONE;
      for (let cell = this.#heads[each] as number; cell !== NONE; cell = before.next[cell] as number) {
        cells.take(used, before, cell, head);
        head = used++;
      }
      this.words.copyWithin(kept * KEY_WORDS, each * KEY_WORDS, (each + 1) * KEY_WORDS);
      this.#serials[kept] = this.#serials[each] as number;
      this.#fates[kept] = this.#fates[each] as number;
      this.#firsts[kept] = this.#firsts[each] as number;
      this.#lasts[kept] = last;
      this.#heads[kept++] = head;
    }
    this.count = 0;
    this.#cells = cells;
    this.#cellCount = used;
    this.#index = new RecordIndex(this, undefined, KEY_WORDS);
    for (let each = 0; each < kept; each++) {
      const at = each * KEY_WORDS;
      const { words } = this;
      this.count++;
      this.#index.insert(
        this.#index.hash(
          words[at + RECORD.low] as number,
          words[at + RECORD.high] as number,
          words[at + RECORD.ports] as number,
          words[at + RECORD.kind] as number,
        ),
        each,
      );
    }
  }
}

/** What each place saw of each conversation; entries of both sides lie together. */
class Cells {
  readonly room: number;
  readonly places: Uint16Array;
  /** The cell of the same conversation's next place. */
  readonly next: Int32Array;
  readonly packets: Uint32Array;
  /** Of the packet before. */
  readonly marks: Int32Array;
  readonly ttls: Uint8Array;
  readonly times: Float64Array;
  /** Bytes of the second in which packets came last. */
  readonly spent: Float64Array;
  readonly seconds: Float64Array;

  constructor(room: number) {
    this.room = room;
    this.places = new Uint16Array(room);
    this.next = new Int32Array(room);
    this.packets = new Uint32Array(room * 2);
    this.marks = new Int32Array(room * 2);
    this.ttls = new Uint8Array(room * 2);
    this.times = new Float64Array(room * 2);
    this.spent = new Float64Array(room);
    this.seconds = new Float64Array(room);
  }

  static of(cells: Cells, room: number): Cells {
    const larger = new Cells(room);
    for (const name of NAMES) larger[name].set(cells[name]);
    return larger;
  }

  clear(cell: number, place: number, next: number): void {
    this.places[cell] = place;
    this.next[cell] = next;
    this.seconds[cell] = 0;
    for (const at of [cell * 2, cell * 2 + 1]) {
      this.packets[at] = 0;
      this.marks[at] = 0;
      this.ttls[at] = 0;
      this.times[at] = 0;
    }
  }

  take(cell: number, from: Cells, other: number, next: number): void {
    this.places[cell] = from.places[other] as number;
    this.next[cell] = next;
    this.spent[cell] = from.spent[other] as number;
    this.seconds[cell] = from.seconds[other] as number;
    for (const side of [0, 1]) {
      const at = cell * 2 + side;
      const source = other * 2 + side;
      this.packets[at] = from.packets[source] as number;
      this.marks[at] = from.marks[source] as number;
      this.ttls[at] = from.ttls[source] as number;
      this.times[at] = from.times[source] as number;
    }
  }
}

const NAMES = ['places', 'next', 'packets', 'marks', 'ttls', 'times', 'spent', 'seconds'] as const;
