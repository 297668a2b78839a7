/** `nettrace trace` on a terminal: what becomes of the packet, then its path there and back with every rule that matched. */
import { printable } from '../../base/printable.ts';
import type { Trace } from '../../netstack/hop.ts';
import { collectCommand } from '../collect-command.ts';
import { headerOf, type TraceReport } from '../trace-report.ts';
import { arrives, fate, fateOfAnswer, traceSucceeds } from './fate.ts';
import { headerText } from './header.ts';
import { kernelPathLines } from './kernel-path.ts';
import { namespaceNames } from './namespace-name.ts';
import { missingLines } from './notes.ts';
import { pathRows } from './path.ts';
import { commonFolder, place, shortener } from './paths.ts';
import { drawRail } from './rail.ts';
import { stepLines } from './session-steps.ts';
import { NO_CAPTURES } from './sightings.ts';
import { finish, type Style, styleOf, type TextOptions } from './style.ts';
import { hang } from './wrap.ts';

const LONGEST_LABEL = 34;

export function renderTrace(report: TraceReport, options: TextOptions): string {
  const style = styleOf(options);
  const { there, back } = report;
  const traces = (report.kernel ?? []).map(({ path }) => path);
  const shorten = shortener(commonFolder([...pathsOf(there), ...(back ? pathsOf(back) : []), ...traces]));
  const view = { nameOf: namespaceNames(report.namespaces), shorten, style };
  const lines = [
    ...verdictLines(report, style),
    ...withoutLines(report, style),
    ...stepLines(report.steps ?? [], style, shorten),
    ...leg(`There: ${headerText(report.packet)}`, there, view),
    ...(back && report.unanswerable === undefined
      ? leg(`Back: ${headerText(headerOf(back))}`, back, view)
      : []),
    ...sideAnswers(report, view),
    ...kernelLines(report, view),
    ...assumptionLines(report, style),
    ...(style.verbose
      ? missingLines({ namespaces: [], captures: [], missing: missingOnTheWay(report) }, style)
      : []),
  ];
  return finish(lines, options);
}

function verdictLines(report: TraceReport, style: Style): string[] {
  const { there, back, hypothetical } = report;
  const sentences = [`The packet ${fate(there)}.`];
  if (report.unanswerable !== undefined) sentences.push(unanswerable(report.unanswerable));
  else if (back)
    sentences.push(
      `${hypothetical ? 'An answer, if one comes,' : 'The answer'} ${fateOfAnswer(back, there)}.`,
    );
  else if (arrives(there)) sentences.push('Nothing answers such a packet.');
  if (report.kernel?.some(({ model }) => model === 'parts')) {
    sentences.push('The kernel’s own trace of such a packet parts from that, see below.');
  }
  const doubtful = there.verdict === 'unknown' || back?.verdict === 'unknown';
  const paint = !traceSucceeds(report) ? style.bad : doubtful ? style.doubtful : style.good;
  return hang('', sentences.join(' '), style.width).map((line) => paint(line));
}

function unanswerable(source: string): string {
  return `It leaves with the private source ${source}, for which nobody out there has a route: no answer can come (nat-masquerade-missing).`;
}

/** Of `--what-if`: the commands, and what becomes of the packet without them. */
function withoutLines({ whatIf }: TraceReport, style: Style): string[] {
  if (!whatIf) return [];
  const { commands, there, back } = whatIf;
  const answer = back && arrives(there) ? ` The answer ${fate(back)}.` : '';
  return [
    ...hang('', `That is with this done; without it the packet ${fate(there)}.${answer}`, style.width),
    ...commands.map((command) => `  ${style.command(printable(command))}`),
  ];
}

interface LegView {
  readonly nameOf: (namespace: string) => string;
  readonly shorten: (path: string) => string;
  readonly style: Style;
}

function leg(title: string, trace: Trace, view: LegView): string[] {
  const { nameOf, shorten, style } = view;
  const rows = pathRows(trace.hops, {
    notation: 'trace',
    nameOf,
    lookAt: NO_CAPTURES,
    withCaptures: false,
    places: (step) =>
      step.path === undefined
        ? ''
        : `\u00a0 (${place({ path: shorten(step.path), ...(step.line !== undefined && { line: step.line }) })})`,
    shorten,
  });
  const changed = headerText(trace.final) !== headerText(headerOf(trace));
  return [
    '',
    ...hang('', title, style.width).map(style.bold),
    ...drawRail(rows, style, 2, LONGEST_LABEL),
    ...(changed ? [style.dim(`  by then it is ${headerText(trace.final)}`)] : []),
  ];
}

/** Errors and resets that the model makes on the way, other than the answer already drawn. */
function sideAnswers(report: TraceReport, view: LegView): string[] {
  return report.there.answers
    .filter((answer) => answer !== report.back)
    .flatMap((answer) => leg(`In answer: ${headerText(headerOf(answer))}`, answer, view));
}

function kernelLines({ kernel = [] }: TraceReport, view: LegView): string[] {
  const { style } = view;
  return kernel.flatMap((path) => {
    const title = `The kernel's own trace of such ${path.direction === 'reply' ? 'an answer' : 'a packet'}`;
    return ['', ...hang('', title, style.width).map(style.bold), ...kernelPathLines(path, view, style, 2)];
  });
}

/** What is missing of namespaces that the packet or its answer passes. */
function missingOnTheWay({ there, back, missing }: TraceReport): TraceReport['missing'] {
  const passed = new Set([...there.hops, ...(back?.hops ?? [])].map((hop) => hop.namespace));
  return missing.filter(({ namespace }) => passed.has(namespace));
}

/** Each with the command that would settle it, where a missing dump was the reason. */
function assumptionLines({ there, back, missing, namespaces }: TraceReport, style: Style): string[] {
  const assumptions = [...new Set([...there.assumptions, ...(back?.assumptions ?? [])])];
  if (assumptions.length === 0) return [];
  const lines = assumptions.flatMap((text) => {
    const reason = missing.find((item) => text.startsWith(`${item.namespace}: no ${item.dump}`));
    const container = namespaces.find(({ name }) => name === reason?.namespace)?.container;
    const command = reason && collectCommand(reason.namespace, reason.dump, container);
    return [
      ...hang('  ', printable(text), style.width),
      ...(command === undefined ? [] : [`    ${style.command(printable(command))}`]),
    ];
  });
  return ['', style.doubtful(style.bold('Assumed')), ...lines];
}

function pathsOf(trace: Trace): string[] {
  return trace.hops.flatMap((hop) =>
    hop.steps.flatMap((step) => ('path' in step && step.path !== undefined ? [step.path] : [])),
  );
}
