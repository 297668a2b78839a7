/** Long work that is done in one thread: where it lets others have their turn, and hears that it is to end. */

/** Bytes of work between two turns: a hundredth of a second of reading. */
const TURN = 1 << 22;

export class Pace {
  readonly signal: AbortSignal | undefined;
  #done = 0;

  constructor(signal?: AbortSignal) {
    this.signal = signal;
  }

  /** Now and then a promise, which is to be waited for, after so many more bytes. It rejects with the signal's reason once that is aborted. */
  after(bytes: number): Promise<void> | undefined {
    this.#done += bytes;
    if (this.#done < TURN) return undefined;
    this.#done = 0;
    return this.turn();
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.signal?.throwIfAborted();
  }

  /** What may never come is waited for until the signal is aborted. */
  async unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    if (!signal) return await promise;
    signal.throwIfAborted();
    let abort = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
