/**
 * A pull of bytes, block by block. The block returned is valid until the next call; undefined at the end. Synchronous
 * where the input allows (files), a promise where it does not (gzip, pipes).
 */
export interface ByteSource {
  /** Bytes in all, when known beforehand (for progress). */
  readonly size?: number;
  read(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  close(): void;
}
