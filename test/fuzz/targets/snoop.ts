import { concat, u32 } from '../../capture/blocks.ts';
import { checkCapture, FRAMES } from '../captures.ts';
import type { Target } from '../target.ts';

function record(frame: Uint8Array, seconds: number): Uint8Array {
  const padding = -frame.length & 3;
  const words = [frame.length, frame.length, 24 + frame.length + padding, 0, seconds, 250];
  return concat(...words.map((word) => u32(word, false)), frame, new Uint8Array(padding));
}

const HEAD = concat(Buffer.from('snoop\0\0\0'), u32(2, false), u32(4, false));

export const target: Target = {
  name: 'snoop',
  about: 'snoop files: read in pieces, cut, counted; every packet dissected',
  isText: false,
  longest: 2048,
  seeds: () => [HEAD, concat(HEAD, ...FRAMES.slice(0, 4).map(record))],
  run: checkCapture,
};
