/** The same as plain data. */
export type SignaturesParts = Pick<Signatures, 'segments' | 'count' | 'since'>;

/**
 * What stays the same of a packet while routers and NAT carry it, as two words (correlate/signature.ts says it in text): TCP is known
 * by its sequence numbers, flags and length, UDP and echoes by length, identification and the first bytes of their payload.
 */
export class Signatures {
  /** Four words an entry: the two of the signature, the record << 1 | side, milliseconds since `since`. */
  readonly segments: Uint32Array[] = [];
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

  segment(entry: number): Uint32Array {
    return this.segments[entry >> SHIFT] as Uint32Array;
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
      for (let word = 0; word < SIGNATURE_WORDS; word++) own[to + word] = segment[at + word] as number;
      own[to + 2] = (number << 1) | (record & 1);
      kept++;
    }
    this.count = kept;
  }

  /** Before the first packet that is signed. */
  begin(time: number): void {
    this.since = time - SLACK;
  }

  /** Sets addresses in the memory that segments lie in: of the next entry, of its segment's end, and of the segment after it if there is one. */
  place(room: { signing: number; signingEnd: number; signingNext: number }): void {
    const { byteOffset, byteLength } = this.segment(this.count);
    room.signing = byteOffset + entryAt(this.count) * 4;
    room.signingEnd = byteOffset + byteLength;
    room.signingNext = this.segments[(this.count >> SHIFT) + 1]?.byteOffset ?? 0;
  }

  /** False where `more` has no segment any more: there is room for `count` entries, a segment of them at most. */
  hasRoom(count: number, more: (words: number) => Uint32Array | undefined): boolean {
    while (this.segments.length << SHIFT < this.count + count) {
      const segment = more(ENTRIES * SIGNATURE_WORDS);
      if (!segment) return false;
      this.segments.push(segment);
    }
    return true;
  }
}

/** Offset of an entry in its segment. */
export function entryAt(entry: number): number {
  return (entry & (ENTRIES - 1)) * SIGNATURE_WORDS;
}

/** Packets may be out of order: by so many seconds before the first. */
const SLACK = 3600;
/** Words of an entry. */
export const SIGNATURE_WORDS = 4;
const SHIFT = 14;
/** Entries of a segment. */
export const ENTRIES = 1 << SHIFT;
