/** Captured frames as packets of the model. */

import { openFile } from '../../../src/capture/open.ts';
import { scanCapture } from '../../../src/capture/scan.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import type { Packet } from '../../../src/packet/packet.ts';
import { skbFromFrame } from '../../../src/skb/from-packet.ts';
import type { Skb } from '../../../src/skb/skb.ts';

export interface CapturedFrame {
  readonly packet: Packet;
  readonly skb: Skb;
  used: boolean;
}

export async function readFrames(path: string): Promise<CapturedFrame[]> {
  const source = openFile(path);
  if ('code' in source) throw new Error(source.text);
  const frames: CapturedFrame[] = [];
  await scanCapture(source, (frame) => {
    const packet = dissect(frame);
    const skb = skbFromFrame(frame.bytes, packet, { file: path, number: frame.number });
    if (skb) frames.push({ packet, skb, used: false });
  });
  return frames;
}
