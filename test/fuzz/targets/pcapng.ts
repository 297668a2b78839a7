import { pcapngWriter } from '../../../src/capture/pcapng-writer.ts';
import {
  block,
  concat,
  enhancedBlock,
  interfaceBlock,
  option,
  sectionBlock,
  text,
  u32,
} from '../../capture/blocks.ts';
import { checkCapture, FRAMES } from '../captures.ts';
import type { Target } from '../target.ts';

function written(): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = pcapngWriter((piece) => pieces.push(piece), { comments: ['a comment'], application: 'x' });
  const index = writer.interface({ linkType: 1, name: 'eth0', filter: 'tcp', resolution: 6, offset: 3600 });
  for (const [i, bytes] of FRAMES.slice(0, 3).entries())
    writer.packet(index, { bytes, seconds: 1_700_000_000, nanoseconds: i }, { comments: ['dropped'] });
  writer.statistics(index, { seconds: 1_700_000_001, nanoseconds: 0 }, 3);
  return concat(...pieces);
}

const frame = [...(FRAMES[0] ?? [])];

/** By hand: simple and obsolete packet blocks, names, secrets, and a second section of the other byte order. */
const ODD = concat(
  sectionBlock(true, option(1, text('first'))),
  interfaceBlock(1, [...option(2, text('eth0')), ...option(9, [0x8a]), ...option(0, [])], true, 40),
  block(3, [...u32(frame.length), ...frame.slice(0, 40)]),
  block(2, [0, 0, 1, 0, ...u32(0), ...u32(9), ...u32(frame.length), ...u32(frame.length), ...frame]),
  block(4, [1, 0, 6, 0, 10, 0, 0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0]),
  block(0x0bad, [1, 2, 3, 4]),
  sectionBlock(false),
  interfaceBlock(113, option(2, text('any'), false), false),
  enhancedBlock(0, 1_700_000_000_000_000n, frame, false),
  enhancedBlock(7, 5n, frame, false),
);

export const target: Target = {
  name: 'pcapng',
  about: 'pcapng files: read in pieces, cut, counted; every packet dissected',
  isText: false,
  longest: 2048,
  seeds: () => [written(), ODD],
  run: checkCapture,
};
