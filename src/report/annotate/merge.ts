/** Many streams of packets to one, in order of time. */
import { Heap } from '../../base/heap.ts';
import { isBefore, type PacketStream } from './stream.ts';

interface Head {
  readonly stream: PacketStream;
  /** Of two packets of one moment, that of the capture that was named first comes first. */
  readonly order: number;
}

/** Calls with each packet's block; waits where `ready` says so. */
export async function mergeStreams(
  streams: readonly PacketStream[],
  write: (block: Uint8Array) => void,
  ready: () => Promise<void> | undefined,
): Promise<void> {
  const heap = new Heap<Head>(precedes);
  for (const [order, stream] of streams.entries()) if (stream.first) heap.push({ stream, order });
  for (;;) {
    const stream = heap.first?.stream;
    const entry = stream?.take();
    if (!stream || !entry) return;
    write(entry.block);
    if (stream.isHungry) {
      const wait = ready();
      if (wait) await wait;
      await stream.fill();
    }
    if (stream.first) heap.again();
    else heap.pop();
  }
}

function precedes(left: Head, right: Head): boolean {
  const [a, b] = [left.stream.first, right.stream.first];
  if (!a || !b) return a !== undefined;
  if (isBefore(a, b)) return true;
  return !isBefore(b, a) && left.order < right.order;
}
