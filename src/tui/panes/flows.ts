/** The flows: a row each, in as many columns as there is room for. */
import { printable } from '../../base/printable.ts';
import type { LiveFlow } from '../../live/flow-book.ts';
import type { Endpoint } from '../../report/analysis.ts';
import { statusText } from '../../report/text/flow-name.ts';
import { endpointText } from '../../report/text/header.ts';
import type { Style } from '../../report/text/style.ts';
import { truncate } from '../../report/text/width.ts';
import { FATE_SIGN, type Fate, fateOf, lastSeen, translated } from '../fate.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import type { Sort } from '../state.ts';
import { type Column, layColumns, rowOf } from '../table.ts';

export interface FlowsView {
  readonly flows: readonly LiveFlow[];
  /** How many there are, those that a filter hides among them. */
  readonly of: number;
  readonly sort: Sort;
  readonly isReversed: boolean;
  readonly filter: string;
}

export function flowsPane(view: FlowsView, { width, style }: PaneRoom): Pane {
  const flows = view.flows.toSorted(order(view));
  const columns = layColumns(COLUMNS, width);
  const { length } = flows;
  return {
    title: `${length === view.of ? '' : `${length} of `}${view.of}${view.filter === '' ? '' : ` · ${view.filter}`} · by ${view.sort}${view.isReversed ? ', reversed' : ''}`,
    header: rowOf(columns, (column) => style.dim(column.title)),
    rows: length,
    row: (index) => {
      const flow = flows[index] as LiveFlow;
      return rowOf(columns, (column, room) => column.cell(flow, room, style));
    },
    keyOf: (index) => String(flows[index]?.id),
    newest: 'first',
    empty: view.of === 0 ? 'No packets yet.' : 'No flow is what the filter asks for: Esc takes it away.',
  };
}

interface FlowColumn extends Column {
  /** Painted, at most `room` columns. */
  cell(flow: LiveFlow, room: number, style: Style): string;
}

const COLUMNS: readonly FlowColumn[] = [
  {
    title: '',
    width: 1,
    cell: (flow, _, style) => paintOf(fateOf(flow), style)(FATE_SIGN[fateOf(flow)]),
  },
  { title: 'proto', width: 6, cell: ({ flow }, room) => truncate(printable(flow.protocol), room) },
  { title: 'client', width: 15, grows: 26, cell: ({ flow }, room) => endText(flow.client, room) },
  { title: 'server', width: 15, grows: 26, cell: ({ flow }, room) => endText(flow.server, room) },
  {
    title: 'translated',
    width: 24,
    grows: 45,
    from: 140,
    cell: ({ flow }, room, style) => style.doubtful(truncate(printable(translated(flow) ?? ''), room)),
  },
  {
    title: 'there/back',
    width: 10,
    isRight: true,
    cell: ({ packets: { forward, reply } }) => `${count(forward)}/${count(reply)}`,
  },
  { title: 'pkt/s', width: 6, isRight: true, from: 100, cell: ({ rate }) => count(Math.round(rate)) },
  {
    title: 'last seen',
    width: 14,
    grows: 20,
    from: 110,
    cell: ({ flow }, room) => truncate(printable(lastSeen(flow) ?? ''), room),
  },
  {
    title: 'state',
    width: 18,
    grows: 32,
    cell: (flow, room, style) => paintOf(fateOf(flow), style)(truncate(printable(stateText(flow)), room)),
  },
];

/** Why, where that is known: a row that says `dropped` says nothing that its sign doesn't. */
function stateText({ flow, findings: [finding] }: LiveFlow): string {
  return finding && flow.status !== 'delivered' ? finding.cause : statusText(flow);
}

export function paintOf(fate: Fate, style: Style): (text: string) => string {
  return { good: style.good, bad: style.bad, doubtful: style.doubtful, meant: style.dim }[fate];
}

/** With whose it is, where there is room for all of it. */
function endText(end: Endpoint, room: number): string {
  const text = endpointText(end.address, end.port);
  const owner = printable(end.name ?? end.namespace ?? '');
  const both = owner === '' ? text : `${text} ${owner}`;
  return both.length <= room ? both : truncate(text, room);
}

/** Five characters at most: `99999`, `120k`, `3.1M`. */
export function count(number: number): string {
  if (number < 100_000) return String(number);
  if (number < 1_000_000) return `${Math.floor(number / 1000)}k`;
  if (number < 10_000_000) return `${(Math.floor(number / 100_000) / 10).toFixed(1)}M`;
  return number < 1e9 ? `${Math.floor(number / 1e6)}M` : `${Math.floor(number / 1e9)}G`;
}

function order({ sort, isReversed }: FlowsView): (left: LiveFlow, right: LiveFlow) => number {
  const by = ORDER[sort];
  const sign = isReversed ? -1 : 1;
  return (left, right) => sign * (by(left, right) || right.id - left.id);
}

const WEIGHT: Readonly<Record<Fate, number>> = { bad: 0, doubtful: 1, meant: 2, good: 2 };

const ORDER: Readonly<Record<Sort, (left: LiveFlow, right: LiveFlow) => number>> = {
  trouble: (left, right) => WEIGHT[fateOf(left)] - WEIGHT[fateOf(right)],
  time: (left, right) => right.last - left.last,
  packets: (left, right) => packetsOf(right) - packetsOf(left),
  rate: (left, right) => right.rate - left.rate,
  client: (left, right) => compareEnds(left.flow.client, right.flow.client),
  server: (left, right) => compareEnds(left.flow.server, right.flow.server),
};

function packetsOf({ packets: { forward, reply } }: LiveFlow): number {
  return forward + reply;
}

function compareEnds(left: Endpoint, right: Endpoint): number {
  return (
    left.address.localeCompare(right.address, 'en', { numeric: true }) ||
    (left.port ?? -1) - (right.port ?? -1)
  );
}
