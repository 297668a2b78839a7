import { frameOf } from '../../../src/capture/frame.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { packetLine } from '../../../src/packet/packet-line.ts';
import { jsonText } from '../../../src/report/json.ts';
import { PacketJson } from '../../../src/report/packet-json.ts';
import { PacketBytes } from '../../../src/report/text/packet-bytes.ts';
import { packetText } from '../../../src/report/text/packet-line.ts';
import { concat } from '../../capture/blocks.ts';
import { CARRIERS, ethernet, hex, packet, UDP } from '../../packet/frames.ts';
import { decoded, dissected } from '../../scan/rows.ts';
import { same } from '../check.ts';
import { checkFrame } from '../frames.ts';
import type { Target } from '../target.ts';

/** The first byte of an input chooses one. */
const LINK_TYPES = [...new Set([...CARRIERS.map(([, linkType]) => linkType), 258, 242, 143, 147, 119, 192])];

const DNS = hex(
  `1234 8180 0001 0002 0000 0001 03777777 0361 6263 00 0001 0001
   c00c 0005 0001 0000003c 0006 0378797a c010 c029 001c 0001 0000003c 0010 ${'fd00'.repeat(8)} 00 0029 0200 00000000 0000`,
);
const lines = new PacketBytes();
const json = new PacketJson('x');
const out = new Uint8Array(1 << 16);
const view = new DataView(out.buffer);

export const target: Target = {
  name: 'packet',
  about:
    'headers on every link type: dissected, layer by layer, and as the scan and the plain writers have them',
  isText: false,
  longest: 512,
  seeds: () => [
    ...CARRIERS.map(([, linkType, bytes]) => concat([LINK_TYPES.indexOf(linkType)], bytes)),
    concat([0], ethernet('0800', packet({ protocol: 17, sourcePort: 53, destinationPort: 9, payload: DNS }))),
    concat([0], ethernet('0800', packet({ protocol: 1, icmpType: 3, icmpCode: 4, payload: UDP }))),
    concat([0], ethernet('0806', hex('0001 0800 0604 0001 02000000000a 0a000001 000000000000 0a000002'))),
  ],
  run(input) {
    const bytes = input.slice(1);
    const linkType = LINK_TYPES[(input[0] ?? 0) % LINK_TYPES.length] as number;
    const frame = frameOf(bytes, { linkType, length: bytes.length + ((input[0] ?? 0) >> 7), seconds: 1e9 });
    checkFrame(frame);
    const read = dissect(frame);
    const row = decoded(frame);
    if (row) same('a row of the scan, and dissection', row, dissected(frame));
    const line = lines.write(view, 0, frame);
    if (line >= 0) same('a line written in place', textTo(line), `${packetText(read)}\n`);
    const object = json.write(view, 0, frame);
    if (object >= 0) same('JSON written in place', textTo(object), jsonText(packetLine(read, 'x')));
  },
};

function textTo(end: number): string {
  return Buffer.from(out.subarray(0, end)).toString();
}
