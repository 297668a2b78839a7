/**
 * A sequence as a Mermaid diagram (mermaid.js.org/syntax/sequenceDiagram.html): ends and capture points are participants, and each packet
 * is an arrow from point to point, dotted where nobody looked, crossed where it is missing. What NAT makes of it is a note.
 */
import { printable } from '../../base/printable.ts';
import type { TimelinePacket } from '../analysis.ts';
import { mermaidText } from '../mermaid-text.ts';
import { duration } from '../text/why.ts';
import { columnOf, type Segment, type Sequence, segmentsOf } from './segments.ts';

/** Each is a row of the picture: more than these nobody follows. */
const MOST_ARROWS = 40;
const LONGEST_NAME = 40;
const LONGEST_LABEL = 80;

/** `more`: packets that follow those of the sequence. */
export function drawSequence(sequence: Sequence, more = 0): string {
  const { columns } = sequence;
  const rows = alike(sequence.packets).map((group) => rowOf(group, sequence));
  const shown = chosen(rows);
  const lines: string[] = [];
  let left = 0;
  const tellLeft = () => {
    const words = `${left} more packet${left === 1 ? '' : 's'}`;
    if (left > 0) lines.push(`Note over ${idOf(0)},${idOf(columns.length - 1)}: ${text(words)}`);
    left = 0;
  };
  for (const row of rows) {
    if (!shown.has(row)) {
      left += row.group.length;
      continue;
    }
    tellLeft();
    lines.push(...row.segments.flatMap((segment, index) => arrow(segment, index === 0, row.group, sequence)));
  }
  left += more;
  tellLeft();
  return `${[
    'sequenceDiagram',
    ...columns.map(({ label, note }, index) => `participant ${idOf(index)} as ${nameOf(label, note)}`),
    ...lines,
  ].join('\n  ')}\n`;
}

/** Packets that are drawn as one. */
interface Row {
  readonly group: readonly TimelinePacket[];
  readonly segments: readonly Segment[];
  /** Somebody looks for it: it is missing somewhere, or an error. */
  readonly isTelling: boolean;
}

function rowOf(group: readonly TimelinePacket[], sequence: Sequence): Row {
  const [first] = group;
  const segments = first ? segmentsOf(first, sequence) : [];
  const isTelling = first?.error === true || segments.some(({ kind }) => kind === 'missing');
  return { group, segments, isTelling };
}

/** As many as there is room for: the first one, what is telling, and then the others, each in order of time. */
function chosen(rows: readonly Row[]): ReadonlySet<Row> {
  const [first, ...others] = rows;
  const order = [
    ...(first ? [first] : []),
    ...others.filter(({ isTelling }) => isTelling),
    ...others.filter(({ isTelling }) => !isTelling),
  ];
  const shown = new Set<Row>();
  let arrows = 0;
  for (const row of order) {
    arrows += row.segments.length;
    if (shown.size > 0 && arrows > MOST_ARROWS) break;
    shown.add(row);
  }
  return shown;
}

/** What is sent again and fares alike is drawn once, in order of time. */
function alike(packets: readonly TimelinePacket[]): TimelinePacket[][] {
  const groups: TimelinePacket[][] = [];
  let last: string | undefined;
  for (const packet of packets) {
    const { direction, error, text: what, seen } = packet;
    const look = JSON.stringify([direction, error, what, seen.map(({ capture, tuple }) => [capture, tuple])]);
    if (look === last) groups.at(-1)?.push(packet);
    else groups.push([packet]);
    last = look;
  }
  return groups;
}

function arrow(
  segment: Segment,
  isFirst: boolean,
  group: readonly TimelinePacket[],
  sequence: Sequence,
): string[] {
  const { from, to, kind, rewrite } = segment;
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  const sign = { seen: '->>', assumed: '-->>', missing: '--x' }[kind];
  const what = isFirst ? `${whatOf(group)}, ${whenOf(group, sequence)}` : (group[0]?.text ?? '');
  const told = { seen: packetsAt(to, group, sequence), assumed: 'nobody looked', missing: 'not seen' }[kind];
  return [
    ...(rewrite === undefined ? [] : [`Note over ${idOf(left)},${idOf(right)}: ${text(`NAT: ${rewrite}`)}`]),
    `${idOf(from)}${sign}${idOf(to)}: ${text(what)}${told === '' ? '' : `<br/>${text(told)}`}`,
  ];
}

function whatOf(group: readonly TimelinePacket[]): string {
  const what = (group[0]?.text ?? '').slice(0, LONGEST_LABEL);
  return group.length === 1 ? what : `${what}, ${group.length} times`;
}

function whenOf(group: readonly TimelinePacket[], { start }: Sequence): string {
  const since = (packet: TimelinePacket | undefined) => sinceText((packet?.seen[0]?.time ?? start) - start);
  return group.length === 1 ? since(group[0]) : `${since(group[0])} to ${since(group.at(-1))}`;
}

function sinceText(seconds: number): string {
  return `${seconds < 0 ? '-' : '+'}${duration(Math.abs(seconds))}`;
}

/** `packet 6`, `packets 6, 9 … 17 in vxlan 42`: their numbers in the capture of that point. */
function packetsAt(column: number, group: readonly TimelinePacket[], { columns }: Sequence): string {
  const own = group.flatMap(({ seen }) => seen.filter((sighting) => columnOf(sighting, columns) === column));
  const numbers = own.map(({ packet }) => packet);
  const shown = numbers.length > 3 ? `${numbers[0]}, ${numbers[1]} … ${numbers.at(-1)}` : numbers.join(', ');
  const tunnel = own[0]?.tunnel === undefined ? '' : ` in ${own[0].tunnel}`;
  return numbers.length === 0 ? '' : `packet${numbers.length === 1 ? '' : 's'} ${shown}${tunnel}`;
}

function idOf(column: number): string {
  return `c${column}`;
}

function nameOf(label: string, note: string): string {
  const name = text(label, LONGEST_NAME);
  return note === '' ? name : `${name}<br/>${text(note, LONGEST_NAME)}`;
}

/** `wrap:` at the beginning is an order to Mermaid. */
function text(words: string, longest = 2 * LONGEST_LABEL): string {
  return mermaidText(printable(words), longest).replace(/^(\s*(?:no)?wrap):/i, '$1#58;');
}
