/**
 * Which flows are kept when more packets come than there is room for: all of a flow or nothing of it, alike at all points.
 *
 * What is much by itself is set aside first: a flow that fails is small. Where many small ones come to one end, or to one address, a
 * share of those is kept, chosen by what NAT leaves alone of their first packet: its initial sequence number, else its length,
 * identification and first bytes. What was kept before stays.
 */
import { hashOf } from '../scan/record-index.ts';
import { type ConversationCounts, FATE } from './conversation-counts.ts';
import type { Reading } from './packet-reader.ts';

/** How it stands; `share`: of the packets' bytes of the last second, what was kept. */
export interface Sampling {
  readonly share: number;
  /** Conversations that were set aside. */
  readonly aside: number;
}

/** Of the bytes a second that there is room for: what one conversation, one end, one address may have of it. */
const CONVERSATION = 1 / 8;
const END = 1 / 4;
const ADDRESS = 1 / 2;
/** Share of the room that is aimed at, and below which more is let in. */
const AIM = 0.8;
const LOW = 0.5;
/** Of new conversations at a heavy end at least. */
const LEAST = 1 / 65_536;
/** Seconds without pressure until all is kept again. */
const CALM = 3;
const SLOTS = 1 << 14;

export class Sampler {
  /** Bytes a second that there is room for. */
  readonly #room: number;
  #isPressed = false;
  /** Of new conversations at a heavy end, what is kept. */
  #share = 1;
  #second = 0;
  #calm = 0;
  #offered = 0;
  #kept = 0;
  /** Of the whole second, however often it was looked at. */
  #sums = { offered: 0, kept: 0 };
  #last = { offered: 0, kept: 0 };
  #aside = 0;
  /** Bytes of ends and addresses, in this second and in the one before; a few share a slot. */
  #now = new Float64Array(SLOTS);
  #before = new Float64Array(SLOTS);

  constructor(room: number) {
    this.#room = room;
  }

  /** Undefined: all is kept. */
  get sampling(): Sampling | undefined {
    if (!this.#isPressed) return undefined;
    const { offered, kept } = this.#last;
    return { share: offered === 0 ? 1 : kept / offered, aside: this.#aside };
  }

  /** Of the packet that `counts` had last, which takes so many bytes. */
  keeps(counts: ConversationCounts, conversation: number, packet: Reading, bytes: number): boolean {
    const second = Math.floor(packet.time);
    if (second > this.#second) this.#turn(counts, second);
    this.#offered += bytes;
    const isHeavy = this.#weigh(packet, bytes);
    const spent = counts.spend(bytes, second);
    let fate = counts.fate(conversation);
    if (fate === FATE.none) {
      fate = this.#isPressed && isHeavy && !this.#isChosen(packet.print) ? FATE.left : FATE.kept;
      counts.decide(conversation, fate);
    } else if (fate === FATE.kept && this.#isPressed && spent > this.#room * CONVERSATION) {
      fate = FATE.aside;
      counts.decide(conversation, fate);
      this.#aside++;
    }
    if (fate !== FATE.kept) return false;
    this.#kept += bytes;
    // A flood doesn't wait for the second to end.
    if (this.#kept > this.#room * 2) this.#press(0.25);
    return true;
  }

  /** Whether one of its ends, or an address neither of whose ends is, has much. */
  #weigh({ low, high, ports, kind }: Reading, bytes: number): boolean {
    const room = this.#room;
    const lower = this.#add(hashOf(low, 1, ports >>> 16, kind), bytes) > room * END;
    const higher = this.#add(hashOf(high, 1, ports & 0xffff, kind), bytes) > room * END;
    if (lower || higher) return true;
    const from = this.#add(hashOf(low, 2, 0, kind), bytes) > room * ADDRESS;
    const to = this.#add(hashOf(high, 2, 0, kind), bytes) > room * ADDRESS;
    return from || to;
  }

  #add(hash: number, bytes: number): number {
    const slot = hash & (SLOTS - 1);
    const sum = (this.#now[slot] as number) + bytes;
    this.#now[slot] = sum;
    return Math.max(sum, this.#before[slot] as number);
  }

  #isChosen(print: number | undefined): boolean {
    return print !== undefined && mix(print) < this.#share * 2 ** 32;
  }

  #press(factor: number): void {
    this.#isPressed = true;
    this.#calm = 0;
    this.#share = Math.max(LEAST, this.#share * factor);
    this.#sum();
  }

  #sum(): void {
    this.#sums.offered += this.#offered;
    this.#sums.kept += this.#kept;
    this.#offered = 0;
    this.#kept = 0;
  }

  #turn(counts: ConversationCounts, second: number): void {
    this.#sum();
    const seconds = this.#second === 0 ? 1 : second - this.#second;
    const { offered, kept } = this.#sums;
    this.#last = { offered: offered / seconds, kept: kept / seconds };
    this.#sums = { offered: 0, kept: 0 };
    this.#second = second;
    const before = this.#before;
    this.#before = this.#now;
    this.#now = before.fill(0);
    if (seconds > 1) this.#before.fill(0);
    const room = this.#room;
    if (this.#last.kept > room) this.#press((AIM * room) / this.#last.kept);
    else if (this.#isPressed && this.#last.kept < LOW * room) this.#share = Math.min(1, this.#share * 1.5);
    if (!this.#isPressed) return;
    this.#calm = this.#last.offered < room ? this.#calm + 1 : 0;
    if (this.#calm < CALM) return;
    this.#isPressed = false;
    this.#share = 1;
    this.#aside = 0;
    counts.keepAll();
  }
}

function mix(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
