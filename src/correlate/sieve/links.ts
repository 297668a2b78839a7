import type { CaptureFlows } from '../../scan/capture-flows.ts';
import { entryAt } from '../../scan/signatures.ts';
import type { Conversations } from './conversations.ts';

/** One packet reaches the next point within so many milliseconds; the rest is chance. */
const SAME_PACKET = 3000;
/** Packets with one signature that are looked at. */
const MOST_ALIKE = 16;
const TCP = 6;

/**
 * Conversations that carried one and the same packet are one flow, seen before and after NAT: a union of sets that knows of each
 * conversation whether its lower end stands on the side of its root's lower end.
 */
export class Links {
  readonly #parent: Int32Array;
  readonly #crossed: Uint8Array;

  constructor(captures: readonly CaptureFlows[], conversations: Conversations) {
    this.#parent = new Int32Array(conversations.count);
    for (let i = 0; i < this.#parent.length; i++) this.#parent[i] = i;
    this.#crossed = new Uint8Array(conversations.count);
    this.#join(captures, conversations);
  }

  /** The conversation that stands for the flow. */
  root(conversation: number): number {
    let at = conversation;
    while (this.#parent[at] !== at) at = this.#parent[at] as number;
    return at;
  }

  /** 1: the root's lower end is on the side of this one's higher end. */
  crossed(conversation: number): number {
    let crossed = 0;
    for (let at = conversation; this.#parent[at] !== at; at = this.#parent[at] as number) {
      crossed ^= this.#crossed[at] as number;
    }
    return crossed;
  }

  #join(captures: readonly CaptureFlows[], conversations: Conversations): void {
    const seen = captures.reduce((sum, { table }) => sum + table.signatures.count, 0);
    // One packet that is in one place only has nothing to be joined with.
    if (seen < 2) return;
    const places = captures.reduce((sum, { points }) => sum + points.length, 0);
    const repeats = places > 1 ? undefined : new Repeats(captures, seen);
    const total = repeats?.count ?? seen;
    if (total < 2) return;
    const { words, ends } = partition(captures, conversations, total, repeats);
    let largest = 0;
    for (let part = 0, from = 0; part < ends.length; part++) {
      largest = Math.max(largest, (ends[part] as number) - from);
      from = ends[part] as number;
    }
    const heads = new Int32Array(2 ** Math.ceil(Math.log2(largest * 1.5 + 1)));
    const next = new Int32Array(largest);
    for (let part = 0, from = 0; part < ends.length; part++) {
      const to = ends[part] as number;
      if (to - from > 1) this.#joinPart(words.subarray(from * WORDS, to * WORDS), heads, next, conversations);
      from = to;
    }
  }

  /** Joins those that are equal among a part's. `heads`, `next`: room for chains of its entries. */
  #joinPart(words: Uint32Array, heads: Int32Array, next: Int32Array, conversations: Conversations): void {
    heads.fill(-1);
    const mask = heads.length - 1;
    for (let number = 0, at = 0; at < words.length; number++, at += WORDS) {
      const one = words[at] as number;
      const other = words[at + 1] as number;
      const sent = words[at + 2] as number;
      const time = words[at + 3] as number;
      const head = heads[one & mask] as number;
      let seen = 0;
      for (let alike = head; alike >= 0 && seen < MOST_ALIKE; alike = next[alike] as number) {
        const there = alike * WORDS;
        if (words[there] !== one || words[there + 1] !== other) continue;
        seen++;
        const before = words[there + 2] as number;
        const left = before >>> 1;
        const right = sent >>> 1;
        if (left === right || Math.abs(((words[there + 3] as number) - time) | 0) > SAME_PACKET) continue;
        if (conversations.protocol(left) !== TCP && !conversations.shareAddress(left, right)) continue;
        this.#unite(left, right, (before ^ sent) & 1);
      }
      next[number] = head;
      heads[one & mask] = number;
    }
  }

  #unite(left: number, right: number, crossed: number): void {
    const one = this.root(left);
    const other = this.root(right);
    if (one === other) return;
    // The conversation that was seen first stands for all, in whatever order they are joined.
    const up = Math.min(one, other);
    const down = Math.max(one, other);
    this.#crossed[down] = this.crossed(left) ^ this.crossed(right) ^ crossed;
    this.#parent[down] = up;
  }
}

/** The first words of signatures that came more than once, and a few others: where one point saw all, nearly no packet comes again. */
class Repeats {
  /** Entries with such a word. */
  readonly count: number;
  readonly #twice: Uint32Array;
  readonly #mask: number;

  constructor(captures: readonly CaptureFlows[], total: number) {
    // Eight bits an entry: one in eight is taken for another one.
    const bits = Math.min(31, Math.ceil(Math.log2(Math.max(32, total * 8))));
    const once = new Uint32Array(2 ** (bits - 5));
    this.#twice = new Uint32Array(once.length);
    this.#mask = 2 ** bits - 1;
    for (const { table } of captures) {
      const { signatures } = table;
      for (let entry = 0; entry < signatures.count; entry++) {
        const bit = (signatures.segment(entry)[entryAt(entry)] as number) & this.#mask;
        const word = bit >>> 5;
        const one = 1 << (bit & 31);
        if (((once[word] as number) & one) !== 0) this.#twice[word] = (this.#twice[word] as number) | one;
        else once[word] = (once[word] as number) | one;
      }
    }
    let count = 0;
    for (const { table } of captures) {
      const { signatures } = table;
      for (let entry = 0; entry < signatures.count; entry++) {
        if (this.has(signatures.segment(entry)[entryAt(entry)] as number)) count++;
      }
    }
    this.count = count;
  }

  has(word: number): boolean {
    const bit = word & this.#mask;
    return (((this.#twice[bit >>> 5] as number) >>> (bit & 31)) & 1) !== 0;
  }
}

/** An entry's words: both of its signature, conversation << 1 and the side of the conversation that sent it, milliseconds. */
const WORDS = 4;

/** Entries of a part, about: what the processor's second cache holds. */
const PART = 1 << 13;

/** All signatures (that repeat), those of one beginning together and in the order of the captures. `ends`: where each part ends, in entries. */
function partition(
  captures: readonly CaptureFlows[],
  conversations: Conversations,
  total: number,
  repeats: Repeats | undefined,
): { readonly words: Uint32Array; readonly ends: Uint32Array } {
  const bits = Math.max(0, Math.ceil(Math.log2(total / PART)));
  // A shift by 32 would be none.
  const partOf = (hash: number) => (bits === 0 ? 0 : hash >>> (32 - bits));
  const places = new Uint32Array(2 ** bits);
  for (const { table } of captures) {
    const { signatures } = table;
    for (let entry = 0; entry < signatures.count; entry++) {
      const hash = signatures.segment(entry)[entryAt(entry)] as number;
      if (repeats && !repeats.has(hash)) continue;
      const part = partOf(hash);
      places[part] = (places[part] as number) + 1;
    }
  }
  for (let part = 0, before = 0; part < places.length; part++) {
    const count = places[part] as number;
    places[part] = before;
    before += count;
  }
  const words = new Uint32Array(total * WORDS);
  for (const [index, { table }] of captures.entries()) {
    const { signatures } = table;
    const ofRecord = conversations.ofRecord[index] as Uint32Array;
    // Beyond 49 days it begins again: packets with one signature so far apart are none that are one.
    const since = Math.round(signatures.since * 1000) % 2 ** 32;
    for (let entry = 0; entry < signatures.count; entry++) {
      const segment = signatures.segment(entry);
      const own = entryAt(entry);
      const hash = segment[own] as number;
      if (repeats && !repeats.has(hash)) continue;
      const part = partOf(hash);
      const place = places[part] as number;
      places[part] = place + 1;
      const record = segment[own + 2] as number;
      const at = place * WORDS;
      words[at] = hash;
      words[at + 1] = segment[own + 1] as number;
      words[at + 2] = (ofRecord[record >>> 1] as number) ^ (record & 1);
      words[at + 3] = since + (segment[own + 3] as number);
    }
  }
  return { words, ends: places };
}
