/**
 * One packet record of a capture, as a view: it points into the reader's block and is valid only until the reader goes
 * on. Whoever keeps a frame copies its bytes.
 */
export interface Frame {
  /** From 1 in its file; every packet block counts, also one that can't be decoded. */
  number: number;
  /** Epoch time, exact: whole seconds (floor, also before 1970) and nanoseconds from there. */
  seconds: number;
  nanoseconds: number;
  /** Bytes on the wire, and how many of them the file has (the snaplen may have cut the rest). */
  length: number;
  captured: number;
  /** LINKTYPE_* number of the interface it was captured on; -1 when the file names none. */
  linkType: number;
  /** Interface named inside the file: pcapng's if_name, or what SLL2's index resolves to. */
  interfaceName?: string | undefined;
  /** The captured bytes. A reader's frame makes the subarray only when it is asked for. */
  readonly bytes: Uint8Array;
  /** Set when it was made from text. */
  readonly told?: Told | undefined;
  /** The reader's block and where in it the frame begins, for those who read headers without a subarray. */
  readonly view?: DataView | undefined;
  readonly offset?: number | undefined;
  /** Of a reader's frame: index into `CaptureSummary.interfaces`, below 0 when the file doesn't describe its interface. */
  readonly captureInterface?: number | undefined;
  /** Of a pcapng packet block: where in the view its options lie, and their byte order. */
  readonly optionsStart?: number | undefined;
  readonly optionsEnd?: number | undefined;
  readonly optionsLittle?: boolean | undefined;
}

/** Of a packet that was read from text: where it stands, what the text leaves open, and what it says where no bytes say it. */
export interface Told {
  /** From 1 in its file. */
  readonly line: number;
  /** A sum of `UNSAID`: fields that have a value in the bytes only because every field has one. */
  readonly unsaid: number;
  /** What is printed of a packet that no bytes could be made of: an unknown protocol, a host by a name nobody resolves. */
  readonly text?: string;
}

export const UNSAID = {
  /** Link-layer addresses and VLANs. */
  link: 1,
  /** TTL, TOS, identification, flags and options of the IP header; of IPv6 hop limit, class and label. */
  header: 2,
  /** Where in its datagram a later fragment belongs. */
  fragment: 4,
  /** TCP's sequence number: taken to be the next one, or counted from an arbitrary number. */
  sequence: 8,
  /** TCP's acknowledgement number, counted from an arbitrary number. */
  acknowledgement: 16,
  /** Bytes on the wire: what the header fields that are shown add up to. */
  length: 32,
  /** When; only the order is known. */
  time: 64,
  /** Whom an ARP reply answers. */
  target: 128,
} as const;

/** Seconds as a double, for ordering and intervals; not exact below a quarter of a microsecond. */
export function timeOf(frame: { readonly seconds: number; readonly nanoseconds: number }): number {
  return frame.seconds + frame.nanoseconds / 1e9;
}

/** The one frame a reader hands out again and again. */
export class BlockFrame implements Frame {
  number = 0;
  seconds = 0;
  nanoseconds = 0;
  length = 0;
  captured = 0;
  linkType = -1;
  interfaceName: string | undefined = undefined;
  told: Told | undefined = undefined;
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  captureInterface = 0;
  optionsStart = 0;
  optionsEnd = 0;
  optionsLittle = true;

  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.offset, this.captured);
  }
}

/** A frame of bytes that are in memory: of a live source, or a packet made here. */
export function frameOf(
  bytes: Uint8Array,
  fields: Partial<Omit<Frame, 'bytes' | 'view' | 'offset' | 'captureInterface' | `options${string}`>> = {},
): Frame {
  return {
    number: 1,
    seconds: 0,
    nanoseconds: 0,
    length: bytes.length,
    captured: bytes.length,
    linkType: 1,
    ...fields,
    bytes,
  };
}
