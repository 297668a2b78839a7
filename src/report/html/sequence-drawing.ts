import { groupBy } from '../../base/group-by.ts';
import type { TimelinePacket } from '../analysis.ts';
import type { Column } from '../sequence/columns.ts';
import { columnOf, type Segment, type Sequence, segmentsOf } from '../sequence/segments.ts';
import { sinceText } from '../text/time.ts';
import { type Html, html } from './html.ts';
import { cut, Grid, SMALL, TEXT } from './sequence-grid.ts';

/** Pixels: of the head, a packet, and what NAT made of it, each time it did. */
const HEAD = 58;
const ROW = 46;
const REWRITE = 15;

/** Columns are ends and capture points, rows are packets in order of time. */
export function sequenceDrawing(sequence: Sequence): Html {
  const { columns, packets } = sequence;
  const grid = new Grid(columns);
  const rows: Html[] = [];
  let y = HEAD + 26;
  for (const packet of packets) {
    const segments = segmentsOf(packet, sequence);
    rows.push(row(packet, segments, y, sequence, grid));
    y += ROW + REWRITE * segments.filter(({ rewrite }) => rewrite !== undefined).length;
  }
  const height = y - 14;
  return html`<svg viewBox="0 0 ${grid.width} ${height}" width="${grid.width}" height="${height}" role="img" aria-label="Each capture point is a column, each packet an arrow; the table below says the same">
${columns.map((column, index) => head(column, index, grid, height))}
${rows}
</svg>`;
}

function head({ label, note, kind }: Column, index: number, grid: Grid, height: number): Html {
  const x = grid.centre(index);
  const width = grid.widthOf(index);
  return html`<g class="column ${kind}"><title>${label} ${note}</title>
<line x1="${x}" y1="${HEAD - 8}" x2="${x}" y2="${height}"/>
<rect x="${x - width / 2 + 5}" y="4" width="${width - 10}" height="${HEAD - 12}" rx="6"/>
<text x="${x}" y="${note === '' ? 31 : 22}">${cut(label, width - 18, TEXT, 'bold')}</text>
${note !== '' && html`<text class="note" x="${x}" y="38">${cut(note, width - 18, SMALL)}</text>`}</g>
`;
}

function row(
  packet: TimelinePacket,
  segments: readonly Segment[],
  y: number,
  sequence: Sequence,
  grid: Grid,
): Html {
  const [first] = segments;
  const middle = first ? (grid.centre(first.from) + grid.centre(first.to)) / 2 : grid.centre(0);
  const label = grid.placed(packet.text, middle, TEXT);
  const time = packet.seen[0]?.time ?? sequence.start;
  const rewritten = segments.filter(({ rewrite }) => rewrite !== undefined);
  return html`<g class="packet ${packet.direction}${packet.error && ' refusal'}">
<text class="time" x="4" y="${y + 4}">${sinceText(time - sequence.start)}</text>
${segments.map((segment) => arrow(segment, y, grid))}
<text class="what" x="${label.x}" y="${y - 7}"><title>${packet.text}</title>${label.text}</text>
${dots(packet, y, sequence, grid)}
${rewritten.map((segment, index) => rewriteText(segment, y + 31 + REWRITE * index, grid))}
</g>
`;
}

/** One for each point, however often it saw the packet: a tunnel's packets may have it inside. */
function dots({ seen }: TimelinePacket, y: number, { columns }: Sequence, grid: Grid): Html[] {
  const byColumn = groupBy(seen, (sighting) => columnOf(sighting, columns));
  return [...byColumn].flatMap(([at, own]) => {
    const [one] = own;
    if (at < 0 || !one) return [];
    const x = grid.centre(at);
    const more = own.length > 1 ? ` +${own.length - 1}` : '';
    return html`<g class="sighting"><title>${own.map(({ path, packet, tuple, tunnel }) => `${path} packet ${packet}: ${tuple}${tunnel === undefined ? '' : ` inside ${tunnel}`}\n`)}</title><circle cx="${x}" cy="${y}" r="4.5"/><text x="${x}" y="${y + 17}">#${one.packet}${more}</text></g>`;
  });
}

function arrow({ from, to, kind }: Segment, y: number, grid: Grid): Html {
  const begin = grid.centre(from);
  const sign = Math.sign(to - from);
  const end = grid.centre(to);
  const tip = end - sign * 6;
  const mark =
    kind === 'missing'
      ? html`<path d="M${end - 5} ${y - 5} l10 10 m0 -10 l-10 10"/>`
      : html`<path class="tip" d="M${tip} ${y} l${-sign * 8} -4 v8 z"/>`;
  return html`<g class="arrow ${kind}"><line x1="${begin + sign * 6}" y1="${y}" x2="${tip}" y2="${y}"/>${mark}</g>`;
}

function rewriteText({ from, to, rewrite = '' }: Segment, y: number, grid: Grid): Html {
  const { text, x } = grid.placed(`→ ${rewrite}`, (grid.centre(from) + grid.centre(to)) / 2, SMALL);
  return html`<text class="rewrite" x="${x}" y="${y}"><title>${rewrite}</title>${text}</text>`;
}
