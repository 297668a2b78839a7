/** The kernel's own path of a packet by its trace, as a rail beside the model's. */
import { printable } from '../../base/printable.ts';
import type { KernelPathReport, KernelStepReport } from '../kernel-path.ts';
import { place } from './paths.ts';
import { drawRail, type RailRow } from './rail.ts';
import type { Style } from './style.ts';
import { ruleBody } from './traversal.ts';

const LONGEST_LABEL = 30;

export interface KernelPathView {
  readonly nameOf: (namespace: string) => string;
  readonly shorten: (path: string) => string;
}

/** Of a flow's traced packets those that say something: the first each way, the first that dies, and the first that is not as modelled. */
export function tellingPaths(paths: readonly KernelPathReport[]): KernelPathReport[] {
  const telling = new Set<KernelPathReport>();
  for (const namespace of new Set(paths.map((path) => path.namespace))) {
    const own = paths.filter((path) => path.namespace === namespace);
    for (const found of [
      own.find((path) => path.direction === 'forward'),
      own.find((path) => path.model === 'parts'),
      own.find(
        (path) => path.outcome === 'dropped' || path.outcome === 'rejected' || path.outcome === 'ended',
      ),
    ]) {
      if (found) telling.add(found);
    }
  }
  return paths.filter((path) => telling.has(path));
}

export function kernelPathLines(
  path: KernelPathReport,
  view: KernelPathView,
  style: Style,
  indent: number,
): string[] {
  const at = place({ path: view.shorten(path.path), line: path.line });
  const rows: RailRow[] = [
    {
      mark: 'begin',
      label: view.nameOf(path.namespace),
      text: `${printable(path.packet)}\u00a0 (${printable(at)})`,
      tone: 'name',
    },
  ];
  if (path.in !== undefined) rows.push({ mark: 'within', label: `in ${printable(path.in)}`, text: '' });
  const shown = style.verbose ? path.steps : path.steps.filter(isNews);
  rows.push(...shown.map((step) => rowOf(step, style.verbose)));
  rows.push(endRow(path), modelRow(path));
  return drawRail(rows, style, indent, LONGEST_LABEL);
}

/** A policy that accepts, and the end of a chain, say nothing. */
function isNews({ kind, verdict, problem }: KernelStepReport): boolean {
  return (
    problem !== undefined ||
    (kind === 'rule' && verdict !== 'TRACE') ||
    (kind === 'policy' && verdict === 'DROP')
  );
}

function rowOf(
  { table, chain, kind, number, text, verdict, problem }: KernelStepReport,
  verbose: boolean,
): RailRow {
  const fatal = verdict === 'DROP' || verdict === 'REJECT';
  const label = `${printable(table)} ${printable(chain)}`;
  const body =
    kind === 'policy'
      ? `policy ${printable(verdict ?? '?')}`
      : kind === 'return'
        ? 'the chain’s end'
        : `rule ${number ?? '?'}: ${ruleBody(text ?? '')}`;
  const doubt = problem !== undefined && (verbose || number === undefined) ? ` (${printable(problem)})` : '';
  return {
    mark: 'within',
    label,
    text: `${body}${doubt}`,
    ...(fatal ? { tone: 'bad' } : doubt === '' ? {} : { tone: 'doubtful' }),
  };
}

function endRow({ outcome, out }: KernelPathReport): RailRow {
  switch (outcome) {
    case 'dropped':
      return { mark: 'death', label: 'dropped', text: 'its last step', tone: 'bad' };
    case 'rejected':
      return { mark: 'death', label: 'rejected', text: 'its last step', tone: 'bad' };
    case 'ended':
      return { mark: 'death', label: 'ends', text: 'it never came to the next chain', tone: 'bad' };
    case 'left':
      return { mark: 'end', label: out === undefined ? 'leaves' : `out ${printable(out)}`, text: '' };
    case 'delivered':
      return { mark: 'end', label: 'arrives', text: 'at the local stack', tone: 'good' };
    case 'unknown':
      return { mark: 'end', label: 'ends', text: 'the log says no more', tone: 'dim' };
  }
}

function modelRow({ model, parting }: KernelPathReport): RailRow {
  switch (model) {
    case 'agrees':
      return { mark: 'beyond', label: 'the model', text: '✓ goes the same way', tone: 'good' };
    case 'parts':
      return { mark: 'beyond', label: 'the model', text: `✗ ${printable(parting?.text ?? '')}`, tone: 'bad' };
    case 'unknown':
      return { mark: 'beyond', label: 'the model', text: 'nothing to hold it against', tone: 'dim' };
  }
}
