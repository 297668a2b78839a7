/** Where a writer's blocks go; each is new and the receiver's to keep, except that of `PacketBlocks`. */
export type Sink = (block: Uint8Array) => void;

/** A packet to be written. */
export interface WrittenPacket {
  readonly seconds: number;
  readonly nanoseconds: number;
  /** The captured bytes. */
  readonly bytes: Uint8Array;
  /** Bytes on the wire; those captured when left out. */
  readonly length?: number | undefined;
}

export type ByteOrder = 'little' | 'big';

/** Collects blocks and gives them as one. */
export function collector(): { readonly sink: Sink; bytes(): Uint8Array } {
  const blocks: Uint8Array[] = [];
  return {
    sink: (block) => blocks.push(block.slice()),
    bytes() {
      const whole = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
      let at = 0;
      for (const block of blocks) {
        whole.set(block, at);
        at += block.length;
      }
      return whole;
    },
  };
}
