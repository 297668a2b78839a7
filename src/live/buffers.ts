/** Memory for captures of many megabytes that are made again and again, and would wait for the collector by the dozen. */

/** Buffers that wait for use. */
const MOST = 32;
/** One that is larger than so many times what is wanted would be wasted. */
const WASTE = 4;

export class Buffers {
  readonly #free: ArrayBuffer[] = [];

  /** So many bytes, whatever is in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const fitting = this.#free
      .filter(({ byteLength }) => byteLength >= length && byteLength <= length * WASTE)
      .toSorted((one, other) => one.byteLength - other.byteLength)[0];
    if (fitting) this.#free.splice(this.#free.indexOf(fitting), 1);
    // What comes next is about as much.
    return new Uint8Array(fitting ?? new ArrayBuffer(Math.ceil(length * 1.25)), 0, length);
  }

  /** Nobody looks at it any more. */
  give(buffer: ArrayBuffer): void {
    this.#free.push(buffer);
    if (this.#free.length > MOST) this.#free.shift();
  }
}

/** Those of this thread. */
export const captureBuffers = new Buffers();
