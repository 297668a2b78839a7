/** What is fuzzed: a reader, and what must hold of it for any bytes. */
export interface Target {
  readonly name: string;
  /** What is read and what must hold, in a line. */
  readonly about: string;
  readonly isText: boolean;
  /** In bytes. */
  readonly longest: number;
  /** Inputs that are as they should be. */
  seeds(): readonly (Uint8Array | string)[];
  /** Loops and calls that it may take beside those of any target, where a few bytes stand for much. */
  readonly steps?: number;
  /** Words of its language beside those that stand in the sources. */
  readonly words?: readonly string[];
  /** Throws where something doesn't hold; whatever the reader throws is a find as well. */
  run(input: Uint8Array): void | Promise<void>;
}

export function bytesOf(seed: Uint8Array | string): Uint8Array {
  return typeof seed === 'string' ? new Uint8Array(Buffer.from(seed)) : seed;
}

/** A target of texts: bytes that are no UTF-8 become replacement characters, as files are read. */
export function textTarget(
  target: Omit<Target, 'isText' | 'run' | 'longest'> & {
    readonly longest?: number;
    run(text: string): void | Promise<void>;
  },
): Target {
  const { run } = target;
  return {
    longest: 4096,
    ...target,
    isText: true,
    run: (input) => run(new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)),
  };
}
