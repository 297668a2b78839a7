import type { CaptureFlows } from '../../scan/capture-flows.ts';
import { entryAt } from '../../scan/signatures.ts';
import { Forest } from '../forest.ts';
import type { Conversations } from './conversations.ts';
import { bitsOf, type JoinTask, join } from './join.ts';
import { UNITED_WORDS } from './requests.ts';
import type { Threads } from './threads.ts';

/** Conversations that carried one and the same packet are one flow, seen before and after NAT. */
export function link(captures: readonly CaptureFlows[], conversations: Conversations): Forest {
  const forest = new Forest(conversations.count);
  const joining = joiningOf(captures, conversations);
  if (joining) join(joining.task, forest, joining.isWorth);
  return forest;
}

/** So many signatures a thread are worth asking it: each looks through all of them for its own, and compiles the loops for itself. */
const WORTH_A_THREAD = 1 << 21;

/** The same, with threads that take a part of the signatures each, no fewer than `worth`. */
export async function linkTogether(
  captures: readonly CaptureFlows[],
  conversations: Conversations,
  threads: Threads,
  worth = WORTH_A_THREAD,
): Promise<Forest> {
  const joining = joiningOf(captures, conversations);
  const parts = joining ? 2 ** joining.task.bits : 1;
  const takers = Math.min(parts, threads.count + 1, Math.floor(signaturesOf(captures) / worth));
  if (!joining || joining.isWorth || takers < 2) return link(captures, conversations);
  const tasks = Array.from({ length: takers }, (_, taker): JoinTask => {
    const begin = (number: number) => Math.floor((parts * number) / takers);
    return { ...joining.task, from: begin(taker), to: begin(taker + 1) };
  });
  const [own, ...others] = tasks as [JoinTask, ...JoinTask[]];
  const answers = others.map((task, thread) => threads.join(thread, task));
  const forest = new Forest(conversations.count);
  join(own, forest);
  // In the order of the parts, as one thread does it: what is one by earlier packets isn't united again.
  for (const [index, answer] of answers.entries()) {
    const united = await answer;
    if (!united) join(others[index] as JoinTask, forest);
    else
      for (let at = 0; at < united.length; at += UNITED_WORDS) {
        const right = united[at + 1] as number;
        forest.unite(united[at] as number, right >>> 1, right & 1);
      }
  }
  return forest;
}

interface Joining {
  readonly task: JoinTask;
  readonly isWorth: ((word: number) => boolean) | undefined;
}

function signaturesOf(captures: readonly CaptureFlows[]): number {
  return captures.reduce((sum, { table }) => sum + table.signatures.count, 0);
}

/** Undefined when there is nothing to be joined. */
export function joiningOf(
  captures: readonly CaptureFlows[],
  conversations: Conversations,
): Joining | undefined {
  const seen = signaturesOf(captures);
  // One packet that is in one place only has nothing to be joined with.
  if (seen < 2) return undefined;
  const places = captures.reduce((sum, { points }) => sum + points.length, 0);
  const repeats = places > 1 ? undefined : new Repeats(captures, seen);
  const total = repeats?.count ?? seen;
  if (total < 2) return undefined;
  const bits = bitsOf(total);
  const task: JoinTask = {
    captures: captures.map(({ table: { signatures } }, index) => ({
      ...signatures.parts(),
      ofRecord: conversations.ofRecord[index] as Uint32Array,
    })),
    keys: conversations.keys,
    bits,
    from: 0,
    to: 2 ** bits,
  };
  return { task, isWorth: repeats && ((word) => repeats.has(word)) };
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
    // A page that is read before it is written to faults twice, and hashes get to all of these.
    const once = new Uint32Array(2 ** (bits - 5)).fill(0);
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
