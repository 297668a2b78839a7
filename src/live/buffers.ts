/** Memory for captures of many megabytes that are made again and again, and would wait for the collector by the dozen. */

import { pagesOf } from '../base/bytes.ts';

/** One that is larger than so many times what is wanted would be wasted. */
const WASTE = 4;

export class Buffers {
  #free: ArrayBuffer[] = [];

  /** So many bytes, whatever is in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const fitting = this.#free
      .filter(({ byteLength }) => byteLength >= length && byteLength <= length * WASTE)
      .toSorted((one, other) => one.byteLength - other.byteLength)[0];
    if (fitting) this.#free.splice(this.#free.indexOf(fitting), 1);
    // What comes next is about as much.
    return new Uint8Array(fitting ?? pagesOf(Math.ceil(length * 1.25)).buffer, 0, length);
  }

  /** Nobody looks at them any more. What waited for use meanwhile is too much, and dropped. */
  give(buffers: readonly ArrayBuffer[]): void {
    this.#free = [...buffers];
  }
}

/** Those of this thread. */
export const captureBuffers = new Buffers();
