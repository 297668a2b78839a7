import type { Frame } from '../../../capture/frame.ts';
import { dissect } from '../../../packet/dissect.ts';
import { packetLine } from '../../../packet/packet-line.ts';
import { jsonText } from '../../../report/json.ts';
import { PacketJson } from '../../../report/packet-json.ts';
import type { Output } from '../../output.ts';

/** Writes a packet of that file as one JSON object. */
export function packetWriter(file: string, output: Output): (frame: Frame) => void {
  const plain = new PacketJson(file);
  return (frame) => {
    const block = output.room(plain.room(frame));
    const end = plain.write(block.view, block.at, frame);
    if (end < 0) output.write(jsonText(packetLine(dissect(frame), file)));
    else block.at = end;
  };
}
