/** One packet: its layers field by field, and its bytes. */
import { printable } from '../../base/printable.ts';
import type { KeptPacket } from '../../live/packet-index.ts';
import { timeText } from '../../report/text/packet-line.ts';
import { clip } from '../fold.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';

/** Undefined: none is chosen. */
export function packetDetailPane(packet: KeptPacket | undefined, room: PaneRoom): Pane {
  if (!packet) return textPane('Packet', [], 'No packet is chosen.');
  const { frame, point } = packet;
  return textPane('Packet', [
    clip(`${timeText(frame.seconds, frame.nanoseconds)} UTC at ${printable(point)}`, room.width),
  ]);
}
