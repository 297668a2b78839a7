/** The chosen finding: what is wrong, the path to where the packet died, why, evidence and fix; and how it ended. */
import { printable } from '../../base/printable.ts';
import { HOW } from '../../live/events.ts';
import type { Trouble } from '../../live/troubles.ts';
import type { Analysis } from '../../report/analysis.ts';
import { findingLines } from '../../report/text/finding.ts';
import { namespaceNames } from '../../report/text/namespace-name.ts';
import { clock } from '../../report/text/why.ts';
import { hang } from '../../report/text/wrap.ts';
import { fold } from '../fold.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';
import { shorten } from './flow-detail.ts';

export function findingDetailPane(
  trouble: Trouble | undefined,
  analysis: Analysis | undefined,
  { width, style }: PaneRoom,
): Pane {
  if (!trouble || !analysis) return textPane('finding', [], 'No finding is chosen.');
  const { id, finding, flows, ended, how } = trouble;
  const view = {
    analysis: { ...analysis, flows: [...flows] },
    number: id,
    shorten,
    nameOf: namespaceNames(analysis.topology.namespaces),
    drawnFlows: new Set<number>(),
  };
  const over =
    ended === undefined
      ? []
      : hang('', `Over at ${clock(ended).slice(0, 8)}: ${HOW[how ?? 'quiet']}.`, style.width).map(style.good);
  const lines = [...over, ...findingLines(finding, view, style)];
  return textPane(
    printable(finding.cause),
    lines.flatMap((line) => fold(line, width)),
  );
}
