/** One packet: its headers field by field, and its bytes. */
import { printable } from '../../base/printable.ts';
import type { KeptPacket } from '../../live/packet-index.ts';
import type { LayerField, PacketLayer } from '../../packet/layer.ts';
import { packetLayers } from '../../packet/layers.ts';
import { clockText, dayOf, dayText } from '../../report/text/packet-line.ts';
import type { Style } from '../../report/text/style.ts';
import { displayWidth, padEnd } from '../../report/text/width.ts';
import { fold } from '../fold.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';

/** Undefined: none is chosen. */
export function packetDetailPane(packet: KeptPacket | undefined, { width, style }: PaneRoom): Pane {
  if (!packet) return textPane('packet', [], 'No packet is chosen.');
  const { frame, point } = packet;
  const { seconds, nanoseconds } = frame;
  const lines = [
    `${dayText(dayOf(seconds))} ${clockText(seconds, nanoseconds)} UTC at ${style.name(printable(point))}`,
    ...packetLayers(frame).flatMap((layer) => layerLines(layer, width, style)),
    '',
    ...hexLines(frame.bytes, width).map(([at, hex, text]) => `${style.dim(at)}  ${hex}  ${text}`),
  ];
  return textPane(
    `packet at ${printable(point)}`,
    lines.flatMap((line) => fold(line, width)),
  );
}

/** Columns of the fields' names, and of name and value until Wireshark's name for it stands. */
const NAME = 18;
const FIELD = 64;
/** Columns from which on Wireshark's names are shown. */
const ROOMY = 92;

function layerLines({ name, depth, fields }: PacketLayer, width: number, style: Style): string[] {
  const indent = '  '.repeat(depth);
  return [
    `${indent}${style.bold(printable(name))}`,
    ...fields.map((each) => `${indent}  ${fieldText(each, indent.length + 2, width, style)}`),
  ];
}

function fieldText(
  { name, field, value, note }: LayerField,
  indent: number,
  width: number,
  style: Style,
): string {
  const said = `${printable(value)}${note === undefined ? '' : ` ${style.dim(printable(note))}`}`;
  const text = `${padEnd(printable(name), NAME)} ${said}`;
  if (field === undefined || width < ROOMY || displayWidth(text) + indent >= FIELD) return text;
  return `${padEnd(text, FIELD - indent)} ${style.dim(field)}`;
}

/** Bytes of a line, and of one in a narrow pane. */
const BYTES = 16;
const FEW_BYTES = 8;
const LINE = 4 + 2 + 3 * BYTES + 2 + BYTES;

/** `0000`, `45 00 00 3c  1c 46 40 00`, `E..<.F@.`: what is no printable ASCII is a dot. */
export function hexLines(
  bytes: Uint8Array,
  width: number,
): readonly (readonly [at: string, hex: string, text: string])[] {
  const count = width < LINE ? FEW_BYTES : BYTES;
  const pairs = 3 * count;
  return Array.from({ length: Math.ceil(bytes.length / count) }, (_, row) => {
    const part = [...bytes.subarray(row * count, (row + 1) * count)];
    const hex = part.map(
      (byte, index) => `${index === count / 2 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`,
    );
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    return [(row * count).toString(16).padStart(4, '0'), hex.join(' ').padEnd(pairs), text.join('')];
  });
}
