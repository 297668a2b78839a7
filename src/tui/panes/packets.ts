/** The kept packets, one a row: when, where, what, and what became of its flow. */
import { printable } from '../../base/printable.ts';
import type { LiveFlow } from '../../live/flow-book.ts';
import type { PacketChoice } from '../../live/packet-feed.ts';
import type { KeptPacket } from '../../live/packet-index.ts';
import { nameOf } from '../../live/tap.ts';
import { dissect } from '../../packet/dissect.ts';
import type { Packet } from '../../packet/packet.ts';
import { summary } from '../../packet/summary.ts';
import { statusText } from '../../report/text/flow-name.ts';
import { clockText } from '../../report/text/packet-line.ts';
import type { Style } from '../../report/text/style.ts';
import { displayWidth } from '../../report/text/width.ts';
import type { ScreenData } from '../data.ts';
import { FATE_SIGN, type Fate, fateOf } from '../fate.ts';
import { clip } from '../fold.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import { type Column, layColumns, rowOf } from '../table.ts';
import { paintOf } from './flows.ts';
import { flowFinder, isFailingAt } from './packet-fate.ts';

/** All packets that are kept, or those that are asked for. */
export function packetsPane(data: ScreenData, { width, style }: PaneRoom, choice?: PacketChoice): Pane {
  const list = data.packets.list(choice);
  const names = data.points.map(({ point }) => displayWidth(printable(nameOf(point))));
  const columns = layColumns(columnsFor(Math.max(0, ...names)), width);
  const flowOf = flowFinder(data.flows);
  return {
    title: choice?.label ?? 'all points',
    header: clip(
      rowOf(columns, ({ title }) => style.dim(title)),
      width,
    ),
    rows: list.length,
    row: (index) => {
      const kept = list.at(index);
      if (!kept) return '';
      const shown = shownOf(kept, flowOf);
      return clip(
        rowOf(columns, (column) => column.cell(shown, style)),
        width,
      );
    },
    keyOf: (index) => list.at(index)?.key ?? '',
    rowOf: (key) => list.rowOf(key),
    empty: choice ? `No packet is kept of ${choice.label}.` : 'No packet has come yet.',
  };
}

interface Shown {
  readonly kept: KeptPacket;
  readonly packet: Packet;
  readonly flow: LiveFlow | undefined;
  /** What became of its flow, as far as it is known. */
  readonly fate: Fate | undefined;
}

function shownOf(kept: KeptPacket, flowOf: (packet: Packet) => LiveFlow | undefined): Shown {
  const { frame } = kept;
  const packet = dissect(frame);
  const flow = flowOf(packet);
  const fate = flow && fateAt(flow, frame.seconds + frame.nanoseconds / 1e9);
  return { kept, packet, flow, fate };
}

/** As the last analysis has its flow; of one that failed for a part of its time, what it was then. */
function fateAt(flow: LiveFlow, time: number): Fate {
  const fate = fateOf(flow);
  return fate === 'good' || isFailingAt(flow, time) ? fate : 'good';
}

interface PacketColumn extends Column {
  /** Painted. */
  cell(shown: Shown, style: Style): string;
}

/** Columns of `10:00:02.500`, and of the name of a point at most. */
const CLOCK = 12;
const MOST_POINT = 24;

function columnsFor(pointWidth: number): readonly PacketColumn[] {
  return [
    {
      title: 'time (UTC)',
      width: CLOCK,
      cell: ({ packet: { seconds, nanoseconds } }, style) =>
        style.dim(clockText(seconds, nanoseconds).slice(0, CLOCK)),
    },
    { title: '', width: 1, cell: ({ fate }, style) => (fate ? paintOf(fate, style)(FATE_SIGN[fate]) : '') },
    {
      title: 'at',
      width: Math.max(4, Math.min(12, pointWidth)),
      grows: Math.max(5, Math.min(MOST_POINT, pointWidth)),
      cell: ({ kept }, style) => style.name(printable(kept.point)),
    },
    {
      title: 'its flow',
      width: 20,
      grows: 34,
      from: 130,
      cell: ({ flow, fate }, style) =>
        flow && fate && fate !== 'good' ? paintOf(fate, style)(flowText(flow)) : '',
    },
    { title: 'packet', width: 20, grows: 400, cell: ({ packet }) => printable(summary(packet)) },
  ];
}

function flowText({ flow, findings: [finding] }: LiveFlow): string {
  return finding ? printable(finding.cause) : statusText(flow);
}
