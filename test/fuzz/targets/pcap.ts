import { type PcapWriterOptions, pcapWriter } from '../../../src/capture/pcap-writer.ts';
import { concat } from '../../capture/blocks.ts';
import { checkCapture, FRAMES } from '../captures.ts';
import type { Target } from '../target.ts';

function written(options: Partial<PcapWriterOptions>, frames: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const write = pcapWriter((piece) => pieces.push(piece), { linkType: 1, ...options });
  for (const [i, bytes] of frames.entries())
    write({ bytes, seconds: 1_700_000_000 + i, nanoseconds: 1000 * i });
  return concat(...pieces);
}

export const target: Target = {
  name: 'pcap',
  about: 'pcap files: read in pieces, cut, counted; every packet dissected',
  isText: false,
  longest: 2048,
  seeds: () => [
    written({}, []),
    written({}, FRAMES.slice(0, 3)),
    written({ byteOrder: 'big', nanoseconds: true }, FRAMES.slice(2, 5)),
    written({ nanoseconds: true, snaplen: 64 }, FRAMES.slice(4, 7)),
    written({ linkType: 101 }, [FRAMES[0]?.subarray(14) ?? new Uint8Array()]),
  ],
  run: checkCapture,
};
