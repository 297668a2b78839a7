/**
 * One packet record of a capture, as a view: `bytes` points into the reader's block and is valid only until the
 * reader goes on. Whoever keeps a frame copies its bytes.
 */
export interface Frame {
  /** From 1 in its file; every packet block counts, also one that can't be decoded. */
  number: number;
  /** Epoch time, exact: whole seconds and nanoseconds. */
  seconds: number;
  nanoseconds: number;
  /** Bytes on the wire, and how many of them the file has (the snaplen may have cut the rest). */
  length: number;
  captured: number;
  /** LINKTYPE_* number of the interface it was captured on. */
  linkType: number;
  /** Interface named inside the file: pcapng's if_name, or what SLL2's index resolves to. */
  interfaceName?: string | undefined;
  bytes: Uint8Array;
}

/** Seconds as a double, for ordering and intervals; not exact below a quarter of a microsecond. */
export function timeOf(frame: { readonly seconds: number; readonly nanoseconds: number }): number {
  return frame.seconds + frame.nanoseconds / 1e9;
}
