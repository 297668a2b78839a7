import type { Ip } from '../../net/ip.ts';
import { ipKey } from '../../net/ip-key.ts';
import type { CaptureFlows } from '../../scan/capture-flows.ts';
import { RecordIndex } from '../../scan/record-index.ts';
import { RECORD, RECORD_WORDS } from '../../scan/records.ts';
import type { FlowEnd } from '../flow.ts';

/** Keys as the records' first words have them; `kind` without the point. */
export interface ConversationKeys {
  readonly words: Uint32Array;
  /** Words from one to the next. */
  readonly stride: number;
  count: number;
}

const KEY_WORDS = 4;

/**
 * The records of all captures as conversations: records of one pair of ends are one, whatever point saw them. IPv6 addresses have
 * other numbers in each capture; here they get one.
 */
export class Conversations {
  /** Of each capture, by record: conversation << 1, and 1 where the record's lower end is the conversation's higher. */
  readonly ofRecord: Uint32Array[] = [];
  readonly keys: ConversationKeys;
  readonly #index: RecordIndex;
  readonly #addresses: Ip[] = [];
  readonly #numbers = new Map<Ip, number>();

  constructor(captures: readonly CaptureFlows[]) {
    const [only, ...others] = captures;
    if (only && others.length === 0 && only.points.length <= 1) {
      // One point, whose number is 0: its records are the conversations.
      const { records, index } = only.table;
      this.keys = { words: records.words, stride: RECORD_WORDS, count: records.count };
      this.#index = index;
      this.#renumber(only);
      const own = new Uint32Array(this.keys.count);
      for (let record = 0; record < own.length; record++) own[record] = record << 1;
      this.ofRecord.push(own);
      return;
    }
    const records = captures.reduce((sum, { table }) => sum + table.records.count, 0);
    this.keys = { words: shared(records * KEY_WORDS), stride: KEY_WORDS, count: 0 };
    // Mostly several points see each: half of that room is enough. A page that is read before it is written to faults twice.
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(records, 1024)))).fill(0);
    this.#index = new RecordIndex(this.keys, slots, KEY_WORDS);
    for (const capture of captures) this.ofRecord.push(this.#place(capture));
  }

  get count(): number {
    return this.keys.count;
  }

  /** A word of its key. */
  word(conversation: number, word: number): number {
    const { words, stride } = this.keys;
    return words[conversation * stride + word] as number;
  }

  protocol(conversation: number): number {
    return this.word(conversation, RECORD.kind) & 255;
  }

  family(conversation: number): 4 | 6 {
    return (this.word(conversation, RECORD.kind) & 256) === 0 ? 4 : 6;
  }

  /** Its lower (0) or higher (1) end. */
  end(conversation: number, side: number): FlowEnd {
    const word = this.word(conversation, side === 0 ? RECORD.low : RECORD.high);
    const address = this.family(conversation) === 4 ? word : (this.#addresses[word] as Ip);
    return { address, port: this.port(conversation, side) };
  }

  port(conversation: number, side: number): number {
    const ports = this.word(conversation, RECORD.ports);
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** The conversation of these two ends, -1 when no record is of it. */
  find(protocol: number, one: FlowEnd, other: FlowEnd): number {
    const left = this.#wordOf(one.address);
    const right = this.#wordOf(other.address);
    if (left === undefined || right === undefined) return -1;
    const isLow = left < right || (left === right && one.port <= other.port);
    const ports = isLow ? (one.port << 16) | other.port : (other.port << 16) | one.port;
    const kind = protocol | (typeof one.address === 'number' ? 0 : 256);
    const [low, high] = isLow ? [left, right] : [right, left];
    return this.#index.find(this.#index.hash(low, high, ports >>> 0, kind), low, high, ports >>> 0, kind);
  }

  #wordOf(address: Ip): number | undefined {
    return typeof address === 'number' ? address : this.#numbers.get(ipKey(address));
  }

  #place(capture: CaptureFlows): Uint32Array {
    const { records } = capture.table;
    const own = shared(records.count);
    const numbers = this.#renumber(capture);
    const { words } = records;
    let before = -1;
    for (let record = 0; record < records.count; record++) {
      const at = record * RECORD_WORDS;
      const kind = (words[at + RECORD.kind] as number) & 0xffff;
      let low = words[at + RECORD.low] as number;
      let high = words[at + RECORD.high] as number;
      let ports = words[at + RECORD.ports] as number;
      let flipped = 0;
      if ((kind & 256) !== 0) {
        low = numbers[low] as number;
        high = numbers[high] as number;
        const ordered = low < high || (low === high && ports >>> 16 <= (ports & 0xffff));
        if (!ordered) {
          [low, high] = [high, low];
          ports = ((ports << 16) | (ports >>> 16)) >>> 0;
          flipped = 1;
        }
      }
      before = this.#number(low, high, ports, kind, before + 1);
      own[record] = (before << 1) | flipped;
    }
    return own;
  }

  /** `likely`: points see conversations begin in much the same order. */
  #number(low: number, high: number, ports: number, kind: number, likely: number): number {
    const { keys } = this;
    const { words, count } = keys;
    if (likely < count) {
      const at = likely * KEY_WORDS;
      if (
        words[at + RECORD.low] === low &&
        words[at + RECORD.high] === high &&
        words[at + RECORD.ports] === ports &&
        words[at + RECORD.kind] === kind
      )
        return likely;
    }
    const hash = this.#index.hash(low, high, ports, kind);
    const known = this.#index.find(hash, low, high, ports, kind);
    if (known >= 0) return known;
    const at = count * KEY_WORDS;
    words[at + RECORD.low] = low;
    words[at + RECORD.high] = high;
    words[at + RECORD.ports] = ports;
    words[at + RECORD.kind] = kind;
    keys.count++;
    this.#index.insert(hash, count);
    return count;
  }

  #renumber({ decoder }: CaptureFlows): Uint32Array {
    const numbers = new Uint32Array(decoder.addresses.size);
    for (let own = 0; own < numbers.length; own++) {
      const address = decoder.addresses.address(own);
      let number = this.#numbers.get(ipKey(address));
      if (number === undefined) {
        number = this.#addresses.length;
        this.#addresses.push(address);
        this.#numbers.set(ipKey(address), number);
      }
      numbers[own] = number;
    }
    return numbers;
  }
}

/** What threads look at together. Memory that isn't written yet is none. */
function shared(words: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(words * 4));
}
