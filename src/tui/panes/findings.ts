/** What goes wrong, and what did: a row each. */
import { printable } from '../../base/printable.ts';
import type { Trouble } from '../../live/troubles.ts';
import type { Style } from '../../report/text/style.ts';
import { clock } from '../../report/text/why.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import { type Column, layColumns, rowOf } from '../table.ts';

export function findingsPane(troubles: readonly Trouble[], { width, style }: PaneRoom): Pane {
  const columns = layColumns(COLUMNS, width);
  const holding = troubles.filter(({ ended }) => ended === undefined).length;
  return {
    title: holding === troubles.length ? String(holding) : `${holding} of ${troubles.length} hold`,
    header: rowOf(columns, (column) => style.dim(column.title)),
    rows: troubles.length,
    row: (index) => {
      const trouble = troubles[index] as Trouble;
      return rowOf(columns, (column) => column.cell(trouble, style));
    },
    keyOf: (index) => String(troubles[index]?.id),
    newest: 'first',
    empty: 'Nothing wrong was found yet.',
  };
}

interface FindingColumn extends Column {
  cell(trouble: Trouble, style: Style): string;
}

const COLUMNS: readonly FindingColumn[] = [
  {
    title: '',
    width: 1,
    cell: ({ ended, finding }, style) =>
      ended !== undefined
        ? style.good('✓')
        : finding.severity === 'error'
          ? style.bad('✗')
          : style.doubtful('!'),
  },
  { title: 'no', width: 3, isRight: true, cell: ({ id }) => String(id) },
  { title: 'since', width: 8, cell: ({ began }) => clock(began).slice(0, 8) },
  {
    title: 'state',
    width: 8,
    cell: ({ ended, how }, style) => (ended === undefined ? style.bad('holds') : style.good(how ?? 'over')),
  },
  {
    title: 'until',
    width: 8,
    from: 110,
    cell: ({ ended }) => (ended === undefined ? '' : clock(ended).slice(0, 8)),
  },
  { title: 'cause', width: 18, grows: 28, from: 100, cell: ({ finding }) => printable(finding.cause) },
  {
    title: 'flows',
    width: 5,
    isRight: true,
    cell: ({ finding }) => String(finding.flows.length + (finding.alike ?? 0)),
  },
  { title: 'what', width: 40, grows: 400, cell: ({ finding }) => printable(finding.title) },
];
