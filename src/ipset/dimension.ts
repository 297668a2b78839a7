/** One dimension of a set's elements: how it is written, what a packet has there, and what makes two of them the same. */
import type { Unknown } from '../base/ternary.ts';
import type { Skb } from '../skb/skb.ts';
import type { Part, SetHeader } from './record.ts';

export interface Dimension {
  readonly name: string;
  /** What to tell somebody whose words are none; stands after "expected ". */
  expected(header: SetHeader): string;
  read(text: string, header: SetHeader): Part | undefined;
  print(part: Part): string;
  /** kadt: undefined when the packet has nothing there (-EINVAL). Networks come as the host's address. */
  ofPacket(skb: Skb, direction: Direction, header: SetHeader): Part | undefined | Unknown;
  /** Equal for equal values; without the interface's name, which may be a beginning. */
  key(part: Part): string | number;
  /** The single elements that a range or prefix stands for, in the order the kernel adds them. */
  expand(part: Part, header: SetHeader): Iterable<Part>;
}

export type Direction = 'src' | 'dst';
