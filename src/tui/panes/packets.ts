/** The kept packets, one a row: when, where, what, and what became of its flow. */
import { printable } from '../../base/printable.ts';
import type { LiveFlow } from '../../live/flow-book.ts';
import type { PacketChoice } from '../../live/packet-feed.ts';
import type { KeptPacket } from '../../live/packet-index.ts';
import { nameOf } from '../../live/tap.ts';
import { dissect } from '../../packet/dissect.ts';
import { summary } from '../../packet/summary.ts';
import type { AnalysisFlow } from '../../report/analysis.ts';
import { statusText } from '../../report/text/flow-name.ts';
import { clockText } from '../../report/text/packet-line.ts';
import type { Style } from '../../report/text/style.ts';
import { thousands } from '../../report/text/summary.ts';
import { displayWidth } from '../../report/text/width.ts';
import type { ScreenData } from '../data.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import { cell, clip } from './cell.ts';
import { type FlowFinder, flowFinder, isFailingAt } from './packet-fate.ts';

/** Columns: `10:00:02.500`, and of the name of a point at least and at most. */
const CLOCK = 12;
const LEAST_POINT = 5;
const MOST_POINT = 28;
/** Columns of a pane from which on it says in words what became of a packet. */
const ROOMY = 120;
/** `dropped: fwd-ip-forward-off` */
const FATE = 30;

/** Signs that stand for a status where there is no room for the word. */
const SIGN: Readonly<Record<AnalysisFlow['status'], string>> = {
  delivered: '✓',
  'no-reply': '?',
  dropped: '✗',
  rejected: '✗',
  degraded: '!',
  unknown: ' ',
};

interface View {
  readonly room: PaneRoom;
  readonly point: number;
  readonly fate: number;
  readonly flowOf: FlowFinder;
}

/** All packets that are kept, or those that are asked for. */
export function packetsPane(data: ScreenData, room: PaneRoom, choice?: PacketChoice): Pane {
  const list = data.packets.list(choice);
  const names = data.points.map(({ point }) => displayWidth(printable(nameOf(point))));
  const view: View = {
    room,
    point: Math.max(
      LEAST_POINT,
      Math.min(MOST_POINT, Math.floor(room.width / 5), ...[Math.max(0, ...names)]),
    ),
    fate: room.width >= ROOMY ? FATE : 0,
    flowOf: flowFinder(data.flows),
  };
  return {
    title: choice
      ? `Packets of ${choice.label} · ${thousands(list.length)}`
      : `Packets · ${thousands(list.length)}`,
    header: room.style.dim(
      row(view, ['time (UTC)', ' ', 'point', view.fate > 0 ? 'its flow' : '', 'packet'], (cells) => cells),
    ),
    rows: list.length,
    row: (index) => {
      const packet = list.at(index);
      return packet ? packetRow(packet, view) : '';
    },
    keyOf: (index) => list.at(index)?.key ?? '',
    rowOf: (key) => list.rowOf(key),
    empty: choice ? `No packet of ${choice.label} is kept.` : 'No packet has come yet.',
  };
}

type Cells = readonly [clock: string, sign: string, point: string, fate: string, text: string];

function packetRow({ point, frame }: KeptPacket, view: View): string {
  const packet = dissect(frame);
  const flow = view.flowOf(packet);
  const time = frame.seconds + frame.nanoseconds / 1e9;
  const paint = paintOf(flow, time, view.room.style);
  const clock = clockText(frame.seconds, frame.nanoseconds).slice(0, CLOCK);
  const cells: Cells = [
    clock,
    signOf(flow, time),
    printable(point),
    fateText(flow, time),
    printable(summary(packet)),
  ];
  return row(view, cells, ([when, sign, where, fate, text]) => [
    view.room.style.dim(when),
    paint(sign),
    view.room.style.name(where),
    paint(fate),
    text,
  ]);
}

/** Cells in their columns, painted then; what doesn't fit goes from the end. */
function row(view: View, [clock, sign, point, fate, text]: Cells, paint: (cells: Cells) => Cells): string {
  const { width } = view.room;
  const left = CLOCK + 1 + 1 + 1 + view.point + 1 + (view.fate > 0 ? view.fate + 1 : 0);
  if (width < left) return clip(`${clock} ${sign} ${point}`, width);
  const cells = paint([
    cell(clock, CLOCK),
    cell(sign, 1),
    cell(point, view.point),
    cell(fate, view.fate),
    clip(text, width - left),
  ]);
  return cells.filter((_, index) => index !== 3 || view.fate > 0).join(' ');
}

function signOf(flow: LiveFlow | undefined, time: number): string {
  if (!flow) return ' ';
  return isFailingAt(flow, time) ? SIGN[flow.flow.status] : flow.flow.status === 'unknown' ? ' ' : '✓';
}

function fateText(flow: LiveFlow | undefined, time: number): string {
  if (!flow || !isFailingAt(flow, time)) return '';
  const cause = flow.findings[0]?.cause;
  return `${statusText(flow.flow)}${cause === undefined ? '' : `: ${printable(cause)}`}`;
}

function paintOf(flow: LiveFlow | undefined, time: number, style: Style): (text: string) => string {
  if (!flow || flow.flow.status === 'unknown') return (text) => text;
  if (!isFailingAt(flow, time)) return style.good;
  return flow.flow.status === 'degraded' ? style.doubtful : style.bad;
}
