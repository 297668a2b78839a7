import { type Batch, ROW, ROW_WORDS } from './row.ts';

/** The same as plain data. */
export type SignaturesParts = Pick<Signatures, 'segments' | 'count' | 'since'>;

/**
 * What stays the same of a packet while routers and NAT carry it, as two words (correlate/signature.ts says it in text): TCP is known
 * by its sequence numbers, flags and length, UDP and echoes by length, identification and the first bytes of their payload.
 */
export class Signatures {
  /** Four words an entry: the two of the signature, the record << 1 | side, milliseconds since `since`. */
  readonly segments: Uint32Array<ArrayBuffer>[] = [];
  count = 0;
  /** Epoch seconds; NaN before the first entry. */
  since = Number.NaN;

  parts(): SignaturesParts {
    const { segments, count, since } = this;
    return { segments, count, since };
  }

  static of({ segments, count, since }: SignaturesParts): Signatures {
    const signatures = new Signatures();
    signatures.segments.push(...segments);
    signatures.count = count;
    signatures.since = since;
    return signatures;
  }

  segment(entry: number): Uint32Array<ArrayBuffer> {
    return this.segments[entry >> SHIFT] as Uint32Array<ArrayBuffer>;
  }

  /** Records have other numbers now, or (-1) are gone and their signatures with them. */
  renumber(moved: Int32Array): void {
    let kept = 0;
    for (let entry = 0; entry < this.count; entry++) {
      const segment = this.segment(entry);
      const at = entryAt(entry);
      const record = segment[at + 2] as number;
      const number = moved[record >>> 1] as number;
      if (number < 0) continue;
      const own = this.segment(kept);
      const to = entryAt(kept);
      for (let word = 0; word < ENTRY_WORDS; word++) own[to + word] = segment[at + word] as number;
      own[to + 2] = (number << 1) | (record & 1);
      kept++;
    }
    this.count = kept;
  }

  /** Signs rows of the batch: the first `count` of `rows`, of each its record << 1 | side. `view`: that which the rows' offsets are in. */
  add({ words, doubles }: Batch, rows: Uint16Array, count: number, sent: Uint32Array, view: DataView): void {
    if (count > 0 && Number.isNaN(this.since))
      this.since = (doubles[timeAt(rows[0] as number)] as number) - SLACK;
    const { since } = this;
    for (let i = 0; i < count; ) {
      if (this.count >> SHIFT === this.segments.length)
        this.segments.push(new Uint32Array(ENTRIES * ENTRY_WORDS));
      const segment = this.segments[this.count >> SHIFT] as Uint32Array;
      const room = ENTRIES - (this.count & (ENTRIES - 1));
      const stop = Math.min(count, i + room);
      let at = entryAt(this.count);
      this.count += stop - i;
      for (; i < stop; i++, at += ENTRY_WORDS) {
        const number = rows[i] as number;
        const row = number * ROW_WORDS;
        const protocol = (words[row + ROW.kind] as number) & 255;
        let one = protocol | 256;
        let other = Math.imul(protocol, 0x27d4eb2f);
        const payload = words[row + ROW.payload] as number;
        if (protocol === 6) {
          const sequence = words[row + ROW.sequence] as number;
          const acknowledgement = words[row + ROW.acknowledgement] as number;
          const rest = (((words[row + ROW.bits] as number) & 0x3f) << 24) ^ payload;
          one = step(step(step(one, sequence), acknowledgement), rest);
          other = step(step(step(other, rest), acknowledgement), sequence);
        } else {
          const id = (words[row + ROW.id] as number) & 0xffff;
          one = step(one, id ^ (payload << 16));
          other = step(other, payload ^ (id << 16));
          let byte = words[row + ROW.at] as number;
          const end = Math.min(words[row + ROW.end] as number, byte + DIGESTED);
          for (; byte + 4 <= end; byte += 4) {
            const word = view.getInt32(byte);
            one = step(one, word);
            other = Math.imul(other ^ (other >>> 13) ^ word, 0x5bd1e995);
          }
          for (; byte < end; byte++) {
            const value = view.getUint8(byte);
            one = Math.imul(one ^ value, 0x01000193);
            other = Math.imul(other ^ value, 0x5bd1e995);
          }
        }
        segment[at] = finish(one);
        segment[at + 1] = finish(other);
        segment[at + 2] = sent[number] as number;
        segment[at + 3] = Math.max(
          0,
          Math.min(((doubles[timeAt(number)] as number) - since) * 1000, 0xffffffff),
        );
      }
    }
  }
}

/** Index of a row's time. */
const timeAt = (row: number) => (row * ROW_WORDS + ROW.time) >> 1;

/** Offset of an entry in its segment. */
export function entryAt(entry: number): number {
  return (entry & (ENTRIES - 1)) * ENTRY_WORDS;
}

/** Bytes of payload: short on purpose, so that captures with different snaplens agree. */
const DIGESTED = 22;
/** Packets may be out of order: by so many seconds before the first. */
const SLACK = 3600;
const ENTRY_WORDS = 4;
const SHIFT = 14;
const ENTRIES = 1 << SHIFT;

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
