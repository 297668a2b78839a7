/** One capture's packets in order of time, as far as the memory for it goes. */
import { Heap } from '../../base/heap.ts';
import type { CaptureReader } from '../../capture/scan.ts';
import type { ByteSource } from '../../capture/source.ts';

/** A packet that waits to be written. */
export interface Entry {
  /** By the clock that all captures are ordered by. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly block: Uint8Array;
}

export function isBefore(left: Entry, right: Entry): boolean {
  return left.seconds !== right.seconds ? left.seconds < right.seconds : left.nanoseconds < right.nanoseconds;
}

interface Late {
  readonly entry: Entry;
  readonly order: number;
}

/**
 * Captures are nearly in order: what comes in order waits in a queue, what comes later than it should in a heap. `window`: bytes that may
 * wait. A packet that should have come before one that has been taken already is `late`.
 */
export class PacketStream {
  late = 0;
  #source: ByteSource | undefined;
  readonly #reader: CaptureReader;
  readonly #window: number;
  #queue: Entry[] = [];
  #at = 0;
  readonly #heap = new Heap<Late>((left, right) =>
    isBefore(left.entry, right.entry) ? true : !isBefore(right.entry, left.entry) && left.order < right.order,
  );
  #order = 0;
  #waiting = 0;
  #taken: Entry | undefined;
  readonly #ended: (source: ByteSource) => void;

  /** `reader` gives its packets to `add`; `ended` is called when there are no more. */
  constructor(
    source: ByteSource,
    reader: CaptureReader,
    window: number,
    ended: (source: ByteSource) => void,
  ) {
    this.#source = source;
    this.#reader = reader;
    this.#window = window;
    this.#ended = ended;
  }

  add(entry: Entry): void {
    this.#waiting += entry.block.length;
    if (this.#taken && isBefore(entry, this.#taken)) this.late++;
    const last = this.#queue.at(-1);
    if (this.#at < this.#queue.length && last && isBefore(entry, last))
      this.#heap.push({ entry, order: this.#order++ });
    else this.#queue.push(entry);
  }

  /** There is less in it than there may be. */
  get isHungry(): boolean {
    return this.#source !== undefined && this.#waiting < this.#window;
  }

  async fill(): Promise<void> {
    while (this.#source && this.#waiting < this.#window) {
      const source = this.#source;
      let block = source.read();
      if (block instanceof Promise) block = await block;
      if (block && this.#reader.push(block)) continue;
      this.close();
      this.#ended(source);
    }
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  get first(): Entry | undefined {
    const next = this.#queue[this.#at];
    const late = this.#heap.first?.entry;
    return next && late ? (isBefore(late, next) ? late : next) : (next ?? late);
  }

  take(): Entry | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    if (first === this.#queue[this.#at]) this.#at++;
    else this.#heap.pop();
    if (this.#at > 1024 && this.#at * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#at);
      this.#at = 0;
    }
    this.#waiting -= first.block.length;
    this.#taken = first;
    return first;
  }
}
