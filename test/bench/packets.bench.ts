/** A thousand packets: walked, counted, dissected, decoded as rows, assigned to flows. */
import { bench, describe } from 'vitest';
import type { FrameColumns } from '../../src/capture/columns.ts';
import type { Frame } from '../../src/capture/frame.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { CaptureFlows, UNTOLD } from '../../src/scan/capture-flows.ts';
import { Kernel } from '../../src/scan/kernel.ts';
import { LOOKED_INTO, PlainDecoder } from '../../src/scan/plain.ts';
import { captured } from './captured.ts';

const PACKETS = 1000;
const { eth0 } = captured(PACKETS);

function read(
  onFrame: ((frame: Frame) => void) | undefined,
  onColumns?: (columns: FrameColumns) => void,
): void {
  const reader = new CaptureReader(onFrame, { onColumns });
  reader.push(eth0);
  reader.end();
}

describe(`${PACKETS} packets of about 100 bytes`, () => {
  bench('records walked and counted', () => read(undefined));

  bench('frames handed out', () => read(() => {}));

  bench('dissected', () => read((frame) => void dissect(frame)));

  const kernel = new Kernel(LOOKED_INTO);
  const decoder = new PlainDecoder(kernel);
  const nothing = () => {};
  bench('handed out as columns', () => read(nothing, nothing));

  bench('decoded as rows', () =>
    read(nothing, (columns) => {
      kernel.batch.count = 0;
      kernel.takeIn(columns, 0);
      decoder.decode(kernel, columns, 0, columns.count, 0);
    }),
  );

  // The same flows again and again: looking up, without the table's first growth.
  const flows = new CaptureFlows(UNTOLD);
  bench('decoded and assigned to flows', () => read(nothing, (columns) => flows.addColumns(columns)));
});
