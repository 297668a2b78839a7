/** Fragments that wait for the rest of their datagram: struct ipq by its key, and inet_frag_queue_insert(), net/ipv4/inet_fragment.c. */
import type { Skb } from '../skb/skb.ts';

interface Fragment {
  readonly skb: Skb;
  /** Bytes of the datagram that end with it. */
  readonly end: number;
}

interface Queue {
  readonly parts: Map<number, Fragment>;
  readonly expires: number;
  /** Bytes from its beginning on of which none is missing. */
  filled: number;
  isWhole: boolean;
}

/** ip_frag_time: an incomplete datagram is given up after 30 seconds. */
const LIFETIME = 30;

export class FragmentQueues {
  readonly #most: number;
  /** In the order in which they were begun, which is that of their expiry. */
  readonly #queues = new Map<string, Queue>();
  #held = 0;

  /** `most`: fragments that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** `length`: of its payload. Gives the datagram's fragments in order when none is missing any more. */
  add(key: string, skb: Skb, length: number): readonly Skb[] | undefined {
    this.#expire(skb.time);
    const known = this.#queues.get(key);
    const queue = known ?? { parts: new Map(), expires: skb.time + LIFETIME, filled: 0, isWhole: false };
    if (!known) this.#queues.set(key, queue);
    const end = skb.fragmentOffset + length;
    const same = queue.parts.get(skb.fragmentOffset);
    // IPFRAG_DUP: the one before counts; IPFRAG_OVERLAP: the datagram is given up.
    if (same) {
      if (same.end !== end) this.#drop(key, queue);
      return undefined;
    }
    queue.parts.set(skb.fragmentOffset, { skb, end });
    this.#held++;
    extend(queue);
    if (!queue.isWhole) return undefined;
    this.#drop(key, queue);
    return inOrder(queue);
  }

  /** Gives up the datagrams that wait longest; how many fragments went with them. */
  trim(): number {
    const before = this.#held;
    for (const [key, queue] of this.#queues) {
      if (this.#held <= this.#most) break;
      this.#drop(key, queue);
    }
    return before - this.#held;
  }

  #expire(now: number): void {
    for (const [key, queue] of this.#queues) {
      if (queue.expires > now) return;
      this.#drop(key, queue);
    }
  }

  #drop(key: string, queue: Queue): void {
    this.#held -= queue.parts.size;
    this.#queues.delete(key);
  }
}

/** Each fragment is passed once, whenever the ones before it come. */
function extend(queue: Queue): void {
  for (let part = queue.parts.get(queue.filled); part; part = queue.parts.get(queue.filled)) {
    if (!part.skb.moreFragments) {
      queue.isWhole = true;
      return;
    }
    // One without payload leads nowhere.
    if (part.end <= queue.filled) return;
    queue.filled = part.end;
  }
}

function inOrder({ parts }: Queue): Skb[] {
  const list: Skb[] = [];
  for (let part = parts.get(0); part; part = parts.get(part.end)) {
    list.push(part.skb);
    if (!part.skb.moreFragments) break;
  }
  return list;
}
