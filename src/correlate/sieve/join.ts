/** Conversations that carried one and the same packet, found part by part of the signatures: several threads can take some of the parts each. */
import { RECORD } from '../../scan/records.ts';
import { ENTRIES } from '../../scan/signatures.ts';
import type { Forest } from '../forest.ts';
import type { ConversationKeys } from './conversations.ts';

/** One packet reaches the next point within so many milliseconds; the rest is chance. */
const SAME_PACKET = 3000;
/** Packets with one signature that are looked at. */
const MOST_ALIKE = 16;
const TCP = 6;

/** Of one capture: its signatures, and each record's conversation as `Conversations` has it. */
export interface SignedCapture {
  readonly segments: readonly Uint32Array[];
  readonly count: number;
  readonly since: number;
  readonly ofRecord: Uint32Array;
}

/** Plain data, whose arrays threads share. */
export interface JoinTask {
  readonly captures: readonly SignedCapture[];
  readonly keys: ConversationKeys;
  /** Of the hash: its first so many bits are the part. */
  readonly bits: number;
  /** Parts from the one on, up to the other. */
  readonly from: number;
  readonly to: number;
}

/** Entries of a part, about: what the processor's second cache holds. */
const PART = 1 << 13;

/** Entries that are looked at in one go over all signatures, about: memory that is touched first costs more than looking again. */
const GO = 1 << 20;

export function bitsOf(entries: number): number {
  return Math.max(0, Math.ceil(Math.log2(entries / PART)));
}

/** An entry's words: both of its signature, conversation << 1 and the side of the conversation that sent it, milliseconds. */
const WORDS = 4;

/**
 * Unites what was the same packet, in the order of the parts, the captures and their packets. `isWorth`: of the signatures those with such a
 * first word, all by default; `onUnited`: told of each two that were not one before.
 */
export function join(
  { captures, keys, bits, from, to }: JoinTask,
  forest: Forest,
  isWorth?: (word: number) => boolean,
  onUnited?: (left: number, right: number, crossed: number) => void,
): void {
  const counts = countParts(captures, bits, from, to, isWorth);
  const goes = goesOf(counts);
  const words = new Uint32Array(Math.max(0, ...goes.map(({ entries }) => entries)) * WORDS);
  let largest = 0;
  for (const count of counts) largest = Math.max(largest, count);
  const heads = new Int32Array(2 ** Math.ceil(Math.log2(largest * 1.5 + 1)));
  const next = new Int32Array(largest);
  const pairs = new Pairs(keys, forest, onUnited);
  for (const go of goes) {
    const begin = from + go.from;
    const ends = place(captures, words, counts.subarray(go.from, go.to), bits, begin, isWorth);
    let at = 0;
    for (const end of ends) {
      if (end - at > 1) pairPart(words.subarray(at * WORDS, end * WORDS), heads, next, pairs);
      at = end;
    }
  }
}

interface Go {
  /** Parts, counted from the first that is looked at. */
  readonly from: number;
  readonly to: number;
  readonly entries: number;
}

function goesOf(counts: Uint32Array): Go[] {
  const goes: Go[] = [];
  let from = 0;
  let entries = 0;
  for (const [part, count] of counts.entries()) {
    if (entries > 0 && entries + count > GO) {
      goes.push({ from, to: part, entries });
      from = part;
      entries = 0;
    }
    entries += count;
  }
  if (entries > 0) goes.push({ from, to: counts.length, entries });
  return goes;
}

/** A shift by 32 would be none. */
const partOf = (hash: number, bits: number) => (bits === 0 ? 0 : hash >>> (32 - bits));

function countParts(
  captures: readonly SignedCapture[],
  bits: number,
  from: number,
  to: number,
  isWorth: ((word: number) => boolean) | undefined,
): Uint32Array {
  const counts = new Uint32Array(to - from);
  for (const { segments, count } of captures) {
    for (let begin = 0; begin < count; begin += ENTRIES) {
      const segment = segments[begin / ENTRIES] as Uint32Array;
      const end = Math.min(ENTRIES, count - begin) * WORDS;
      for (let at = 0; at < end; at += WORDS) {
        const hash = segment[at] as number;
        const part = partOf(hash, bits) - from;
        if (part < 0 || part >= counts.length || (isWorth && !isWorth(hash))) continue;
        counts[part] = (counts[part] as number) + 1;
      }
    }
  }
  return counts;
}

/** The entries of some parts, each part's together and in the order of the captures; gives where each part ends. */
function place(
  captures: readonly SignedCapture[],
  words: Uint32Array,
  counts: Uint32Array,
  bits: number,
  from: number,
  isWorth: ((word: number) => boolean) | undefined,
): Uint32Array {
  const places = new Uint32Array(counts.length);
  let before = 0;
  for (const [part, count] of counts.entries()) {
    places[part] = before;
    before += count;
  }
  for (const { segments, count, since, ofRecord } of captures) {
    // Beyond 49 days it begins again: packets with one signature so far apart are none that are one.
    const start = Math.round(since * 1000) % 2 ** 32;
    for (let begin = 0; begin < count; begin += ENTRIES) {
      const segment = segments[begin / ENTRIES] as Uint32Array;
      const end = Math.min(ENTRIES, count - begin) * WORDS;
      for (let own = 0; own < end; own += WORDS) {
        const hash = segment[own] as number;
        const part = partOf(hash, bits) - from;
        if (part < 0 || part >= places.length || (isWorth && !isWorth(hash))) continue;
        const entry = places[part] as number;
        places[part] = entry + 1;
        const record = segment[own + 2] as number;
        const at = entry * WORDS;
        words[at] = hash;
        words[at + 1] = segment[own + 1] as number;
        words[at + 2] = (ofRecord[record >>> 1] as number) ^ (record & 1);
        words[at + 3] = start + (segment[own + 3] as number);
      }
    }
  }
  return places;
}

/** Finds those that are equal among a part's. `heads`, `next`: room for chains of its entries. */
function pairPart(words: Uint32Array, heads: Int32Array, next: Int32Array, pairs: Pairs): void {
  heads.fill(-1);
  const mask = heads.length - 1;
  for (let number = 0, at = 0; at < words.length; number++, at += WORDS) {
    const one = words[at] as number;
    const other = words[at + 1] as number;
    const sent = words[at + 2] as number;
    const time = words[at + 3] as number;
    const right = sent >>> 1;
    const head = heads[one & mask] as number;
    let seen = 0;
    let last = right;
    for (let alike = head; alike >= 0 && seen < MOST_ALIKE; alike = next[alike] as number) {
      const there = alike * WORDS;
      if (words[there] !== one || words[there + 1] !== other) continue;
      seen++;
      const before = words[there + 2] as number;
      const left = before >>> 1;
      // Mostly two points saw one conversation.
      if (left === right || left === last) continue;
      if (Math.abs(((words[there + 3] as number) - time) | 0) > SAME_PACKET) continue;
      pairs.add(left, right, (before ^ sent) & 1);
      last = left;
    }
    next[number] = head;
    heads[one & mask] = number;
  }
  pairs.unite();
}

const MOST_PAIRS = 1 << 12;

/**
 * Conversations that carried the same packet, united in the order in which they were added. Nearly all are one already, by earlier packets: that is
 * asked of many at once, since the answer lies anywhere in memory, and many answers can be waited for together.
 */
class Pairs {
  readonly #keys: ConversationKeys;
  readonly #forest: Forest;
  readonly #onUnited: ((left: number, right: number, crossed: number) => void) | undefined;
  readonly #lefts = new Int32Array(MOST_PAIRS);
  /** The other << 1 | crossed. */
  readonly #rights = new Uint32Array(MOST_PAIRS);
  readonly #apart = new Int32Array(MOST_PAIRS);
  #count = 0;

  constructor(
    keys: ConversationKeys,
    forest: Forest,
    onUnited: ((left: number, right: number, crossed: number) => void) | undefined,
  ) {
    this.#keys = keys;
    this.#forest = forest;
    this.#onUnited = onUnited;
  }

  add(left: number, right: number, crossed: number): void {
    if (this.#count === MOST_PAIRS) this.unite();
    const at = this.#count++;
    this.#lefts[at] = left;
    this.#rights[at] = (right << 1) | crossed;
  }

  unite(): void {
    const forest = this.#forest;
    const lefts = this.#lefts;
    const rights = this.#rights;
    const apart = this.#apart;
    let count = 0;
    for (let at = 0; at < this.#count; at++) {
      apart[count] = at;
      if (forest.root(lefts[at] as number) !== forest.root((rights[at] as number) >>> 1)) count++;
    }
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const at = apart[i] as number;
      const left = lefts[at] as number;
      const right = (rights[at] as number) >>> 1;
      const crossed = (rights[at] as number) & 1;
      const { words, stride } = this.#keys;
      const protocol = (words[left * stride + RECORD.kind] as number) & 255;
      if (protocol !== TCP && !shareAddress(this.#keys, left, right)) continue;
      if (forest.unite(left, right, crossed)) this.#onUnited?.(left, right, crossed);
    }
  }
}

/** Some end of the one is an end of the other: NAT leaves one as it was, mostly. */
export function shareAddress({ words, stride }: ConversationKeys, left: number, right: number): boolean {
  const low = words[left * stride + RECORD.low];
  const high = words[left * stride + RECORD.high];
  const otherLow = words[right * stride + RECORD.low];
  const otherHigh = words[right * stride + RECORD.high];
  return low === otherLow || low === otherHigh || high === otherLow || high === otherHigh;
}
