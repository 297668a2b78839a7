import type { TimelinePacket } from '../analysis.ts';
import type { Column } from '../sequence/columns.ts';
import { columnOf, type Segment, type Sequence, segmentsOf } from '../sequence/segments.ts';
import { sinceText } from '../text/time.ts';
import { type Html, html } from './html.ts';

/** Pixels: of the times, the head, a packet, all columns where they have room, and the narrowest and widest; an average letter. */
const GUTTER = 104;
const HEAD = 58;
const ROW = 62;
const ROOM = 920;
const NARROWEST = 136;
const WIDEST = 190;
const LETTER = 6.7;

class Grid {
  readonly column: number;

  constructor(columns: number) {
    this.column = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(ROOM / columns)));
  }

  centre(index: number): number {
    return GUTTER + (index + 0.5) * this.column;
  }
}

/** Columns are ends and capture points, rows are packets in order of time. */
export function sequenceDrawing(sequence: Sequence): Html {
  const { columns, packets } = sequence;
  const grid = new Grid(columns.length);
  const width = GUTTER + columns.length * grid.column;
  const height = HEAD + packets.length * ROW + 18;
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Each capture point is a column, each packet an arrow; the table below says the same">
${columns.map((column, index) => head(column, grid.centre(index), grid.column, height))}
${packets.map((packet, index) => row(packet, HEAD + index * ROW + 34, sequence, grid))}
</svg>`;
}

function head({ label, note, kind }: Column, x: number, width: number, height: number): Html {
  return html`<g class="column ${kind}"><title>${label} ${note}</title>
<line x1="${x}" y1="${HEAD - 8}" x2="${x}" y2="${height}"/>
<rect x="${x - width / 2 + 6}" y="4" width="${width - 12}" height="${HEAD - 12}" rx="6"/>
<text x="${x}" y="${note === '' ? 31 : 22}">${cut(label, width - 22)}</text>
${note !== '' && html`<text class="note" x="${x}" y="39">${cut(note, width - 22)}</text>`}</g>
`;
}

function row(packet: TimelinePacket, y: number, sequence: Sequence, grid: Grid): Html {
  const segments = segmentsOf(packet, sequence);
  const [first] = segments;
  const labelAt = first ? (grid.centre(first.from) + grid.centre(first.to)) / 2 : grid.centre(0);
  const time = packet.seen[0]?.time ?? sequence.start;
  return html`<g class="packet ${packet.direction}${packet.error && ' refusal'}">
<text class="time" x="8" y="${y + 4}">${sinceText(time - sequence.start)}</text>
${segments.map((segment) => arrow(segment, y, grid))}
<text class="what" x="${labelAt}" y="${y - 7}"><title>${packet.text}</title>${cut(packet.text, grid.column - 14)}</text>
${packet.seen.map((sighting) => dot(sighting, y, sequence, grid))}
</g>
`;
}

function dot(
  sighting: TimelinePacket['seen'][number],
  y: number,
  { columns }: Sequence,
  grid: Grid,
): Html | false {
  const at = columnOf(sighting, columns);
  if (at < 0) return false;
  const x = grid.centre(at);
  return html`<g class="sighting"><title>${sighting.path} packet ${sighting.packet}: ${sighting.tuple}</title><circle cx="${x}" cy="${y}" r="4.5"/><text x="${x}" y="${y + 17}">#${sighting.packet}</text></g>`;
}

function arrow({ from, to, kind, rewrite }: Segment, y: number, grid: Grid): Html {
  const begin = grid.centre(from);
  const sign = Math.sign(to - from);
  const tip = grid.centre(to) - sign * 6;
  const end = grid.centre(to);
  const mark =
    kind === 'missing'
      ? html`<path d="M${end - 5} ${y - 5} l10 10 m0 -10 l-10 10"/>`
      : html`<path class="tip" d="M${tip} ${y} l${-sign * 8} -4 v8 z"/>`;
  return html`<g class="arrow ${kind}"><line x1="${begin + sign * 6}" y1="${y}" x2="${tip}" y2="${y}"/>${mark}${
    rewrite !== undefined &&
    html`<text class="rewrite" x="${(begin + end) / 2}" y="${y + 31}"><title>${rewrite}</title>${cut(`→ ${rewrite}`, grid.column * 1.6)}</text>`
  }</g>`;
}

/** As much as there is room for; the whole is in a title beside. */
function cut(text: string, room: number): string {
  const letters = Math.floor(room / LETTER);
  return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
}
