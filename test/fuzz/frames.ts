/** What must hold of a frame, whatever is in it. */
import type { Frame } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { packetLayers } from '../../src/packet/layers.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { jsonText } from '../../src/report/json.ts';
import { packetText } from '../../src/report/text/packet-line.ts';
import { holds } from './check.ts';

/** What a terminal takes for a command: C0 and C1 controls, and what turns the direction of a line. */
const CONTROL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

export function checkFrame(frame: Frame): void {
  const packet = dissect(frame);
  packetLayers(frame);
  JSON.parse(jsonText(packetLine(packet, 'x')));
  holds(!CONTROL.test(packetText(packet)), 'a packet’s line has no control characters');
}
