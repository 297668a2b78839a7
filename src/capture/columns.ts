import type { BlockFrame } from './frame.ts';

/** Records of one set of columns at most. */
export const COLUMNS = 1024;

/**
 * Consecutive records of one interface that lie in one block, field by field: whoever reads millions of packets is not called for each.
 * Valid during the call, as a frame is.
 */
export class FrameColumns {
  view: DataView = new DataView(new ArrayBuffer(0));
  linkType = -1;
  interfaceName: string | undefined = undefined;
  /** Of the first record; the others follow. */
  number = 1;
  count = 0;
  /** Where in the view the frame begins, and how many of its bytes are there. */
  readonly offset = new Int32Array(COLUMNS);
  readonly captured = new Int32Array(COLUMNS);
  /** Bytes on the wire. */
  readonly length = new Uint32Array(COLUMNS);
  /** Epoch time, as a frame's. */
  readonly seconds = new Float64Array(COLUMNS);
  readonly nanoseconds = new Int32Array(COLUMNS);

  /** Makes a frame of a record. */
  frame(index: number, frame: BlockFrame): BlockFrame {
    frame.number = this.number + index;
    frame.seconds = this.seconds[index] as number;
    frame.nanoseconds = this.nanoseconds[index] as number;
    frame.length = this.length[index] as number;
    frame.captured = this.captured[index] as number;
    frame.linkType = this.linkType;
    frame.interfaceName = this.interfaceName;
    frame.view = this.view;
    frame.offset = this.offset[index] as number;
    return frame;
  }
}
