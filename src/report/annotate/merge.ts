/** Many streams of packets to one, in order of time. */
import { Heap } from '../../base/heap.ts';
import type { PacketStream, Place } from './stream.ts';

interface Head<P extends Place> {
  readonly stream: PacketStream<P>;
  /** Of two packets of one moment, that of the capture that was named first comes first. */
  readonly order: number;
}

/** Packets between two looks whether the receiver of what is written wants to wait. */
const OFTEN = 1024;

/** Calls with the stream whose packet's turn it is; waits where `ready` says so. */
export async function mergeStreams<P extends Place>(
  streams: readonly PacketStream<P>[],
  visit: (stream: PacketStream<P>, order: number) => void,
  ready: () => Promise<void> | undefined,
): Promise<void> {
  const heap = new Heap<Head<P>>(precedes);
  for (const [order, stream] of streams.entries()) heap.push({ stream, order });
  for (let count = 1; ; count++) {
    const head = heap.first;
    if (!head?.stream.take()) return;
    visit(head.stream, head.order);
    const wait = count % OFTEN === 0 ? ready() : undefined;
    if (wait) await wait;
    if (head.stream.isHungry) await head.stream.fill();
    heap.again();
  }
}

/** Streams that have come to their end are behind all others. */
function precedes<P extends Place>({ stream, order }: Head<P>, other: Head<P>): boolean {
  const { nextSeconds, nextNanoseconds } = other.stream;
  if (stream.nextSeconds !== nextSeconds) return stream.nextSeconds < nextSeconds;
  if (stream.nextNanoseconds !== nextNanoseconds) return stream.nextNanoseconds < nextNanoseconds;
  return order < other.order;
}
