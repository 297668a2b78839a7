import { viewOf } from '../../src/base/bytes.ts';
import { FrameColumns } from '../../src/capture/columns.ts';
import { BlockFrame, type Frame } from '../../src/capture/frame.ts';

/** Frames in one block and of one interface as columns; undefined when they have no bytes. */
export function columnsOf(frames: readonly Frame[]): FrameColumns | undefined {
  const columns = new FrameColumns();
  for (const frame of frames) {
    const { view, offset } = frame;
    if (!view || offset === undefined || frame.told) return undefined;
    const i = columns.count++;
    columns.view = view;
    columns.linkType = frame.linkType;
    columns.interfaceName = frame.interfaceName;
    columns.number = frame.number - i;
    columns.offset[i] = offset;
    columns.captured[i] = frame.captured;
    columns.length[i] = frame.length;
    columns.seconds[i] = frame.seconds;
    columns.nanoseconds[i] = frame.nanoseconds;
  }
  columns.reckon();
  return columns;
}

/** The frames' bytes one after the other, `gap` bytes apart; without a gap what the snaplen cut off is the next frame's. */
export function inOneBlock(list: readonly Frame[], gap = 0): Frame[] {
  const bytes = new Uint8Array(list.reduce((sum, { captured }) => sum + captured + gap, 1));
  const view = viewOf(bytes);
  let at = 1;
  return list.map((frame, index) => {
    const { seconds, nanoseconds, length, captured, linkType } = frame;
    bytes.set(frame.bytes, at);
    const offset = at;
    at += captured + gap;
    return Object.assign(new BlockFrame(), {
      number: index + 1,
      seconds,
      nanoseconds,
      length,
      captured,
      linkType,
      view,
      offset,
    });
  });
}
