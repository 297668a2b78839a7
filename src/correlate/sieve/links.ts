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
    const total = captures.reduce((sum, { table }) => sum + table.signatures.count, 0);
    // One packet that is in one place only has nothing to be joined with.
    if (total < 2) return;
    const heads = new Int32Array(2 ** Math.ceil(Math.log2(total * 1.5 + 1))).fill(-1);
    const mask = heads.length - 1;
    const next = new Int32Array(total);
    const one = new Uint32Array(total);
    const other = new Uint32Array(total);
    /** Conversation << 1, and the side of the conversation that sent it. */
    const sent = new Uint32Array(total);
    const times = new Float64Array(total);
    let number = 0;
    for (const [index, { table }] of captures.entries()) {
      const { signatures } = table;
      const ofRecord = conversations.ofRecord[index] as Uint32Array;
      for (let entry = 0; entry < signatures.count; entry++, number++) {
        const segment = signatures.segment(entry);
        const at = entryAt(entry);
        const hash = segment[at] as number;
        const record = segment[at + 2] as number;
        one[number] = hash;
        other[number] = segment[at + 1] as number;
        sent[number] = (ofRecord[record >>> 1] as number) ^ (record & 1);
        times[number] = signatures.since * 1000 + (segment[at + 3] as number);
        let alike = heads[hash & mask] as number;
        for (let seen = 0; alike >= 0 && seen < MOST_ALIKE; alike = next[alike] as number) {
          if (one[alike] !== hash || other[alike] !== other[number]) continue;
          seen++;
          const left = (sent[alike] as number) >>> 1;
          const right = (sent[number] as number) >>> 1;
          if (left === right || Math.abs((times[alike] as number) - (times[number] as number)) > SAME_PACKET)
            continue;
          if (conversations.protocol(left) !== TCP && !conversations.shareAddress(left, right)) continue;
          this.#unite(left, right, ((sent[alike] as number) ^ (sent[number] as number)) & 1);
        }
        next[number] = heads[hash & mask] as number;
        heads[hash & mask] = number;
      }
    }
  }

  #unite(left: number, right: number, crossed: number): void {
    const up = this.root(left);
    const down = this.root(right);
    if (up === down) return;
    this.#crossed[down] = this.crossed(left) ^ this.crossed(right) ^ crossed;
    this.#parent[down] = up;
  }
}
