/** `nettrace lint` on a terminal: file by file, each finding with its rule and those that have to do with it. */
import { addTo } from '../../base/group-by.ts';
import { printable } from '../../base/printable.ts';
import { finish, type Style, styleOf, type TextOptions } from '../../report/text/style.ts';
import { displayWidth, padStart } from '../../report/text/width.ts';
import { hang } from '../../report/text/wrap.ts';
import { type Finding, type Involved, isRule, type Severity, spanOf } from '../finding.ts';
import { countOf, LINT_PAGES, type LintResult } from '../lint.ts';

/** So many of the other rules are shown of a finding. */
const MOST_INVOLVED = 6;
/** Of rules that the same is said of, and commands to type. */
const MOST_ALIKE = 10;
const MOST_COMMANDS = 4;
/** Where a place is no rule's: a chain's line, a command. */
const NO_RULE = '(this line)';

export function renderLint(result: LintResult, options: TextOptions): string {
  const style = styleOf(options);
  const byFile = new Map<string, Finding[]>();
  for (const finding of result.findings) {
    const { path } = spanOf(finding.at);
    addTo(byFile, path, finding);
  }
  const lines = [...byFile].flatMap(([path, findings]) => fileLines(path, findings, style));
  return finish([...lines, ...hang('', summary(result), style.width)], options);
}

function fileLines(path: string, findings: readonly Finding[], style: Style): string[] {
  const name = `━━ ${printable(path)} `;
  const tail = ` ${tally(findings)} ━━`;
  const room = style.width - displayWidth(name) - displayWidth(tail);
  const head =
    room >= 2
      ? [style.bold(`${name}${'━'.repeat(room)}${tail}`)]
      : [style.bold(name.trimEnd()), style.bold(`━━${tail}`)];
  return [...head, ...together(alike(findings)).flatMap((group) => ['', ...group.lines(style)]), ''];
}

function tally(findings: readonly Finding[]): string {
  return (['error', 'warning', 'note'] as const)
    .map((severity) => [severity, countOf(findings, severity)] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}${count === 1 ? '' : 's'}`)
    .join(' · ');
}

function painted(severity: Severity, style: Style): string {
  if (severity === 'error') return style.bad(severity);
  return severity === 'warning' ? style.doubtful(severity) : style.dim(severity);
}

/** Findings one after the other that say the same of several rules, for the same reason. */
function alike(findings: readonly Finding[]): Finding[][] {
  const groups: Finding[][] = [];
  for (const finding of findings) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    if (group && first && saysTheSame(first, finding)) group.push(finding);
    else groups.push([finding]);
  }
  return groups;
}

/** Groups one after the other of the same kind, that differ in the rules they name alone: from so many on they are a list. */
const MOST_APART = 3;

function together(groups: readonly (readonly Finding[])[]): { lines(style: Style): string[] }[] {
  const runs: (readonly Finding[])[][] = [];
  for (const group of groups) {
    const run = runs.at(-1);
    const [last] = run?.[0] ?? [];
    const [first] = group;
    if (run && last && first && isOfKind(last, first)) run.push(group);
    else runs.push([group]);
  }
  return runs.flatMap((run) =>
    run.length > MOST_APART
      ? [{ lines: (style: Style) => listLines(run.flat(), style) }]
      : run.map((group) => ({ lines: (style: Style) => groupLines(group, style) })),
  );
}

function isOfKind(left: Finding, right: Finding): boolean {
  return (
    left.id === right.id &&
    left.severity === right.severity &&
    left.explanation === right.explanation &&
    left.suggestion?.text === right.suggestion?.text &&
    chainOf(left) === chainOf(right)
  );
}

function chainOf({ at }: Finding): unknown {
  return isRule(at) ? at.chain : undefined;
}

function saysTheSame(left: Finding, right: Finding): boolean {
  const others = ({ involved = [] }: Finding) =>
    involved.map(({ at, role }) => `${spanOf(at).path}:${spanOf(at).line} ${role}`).join('|');
  return (
    left.id === right.id &&
    left.severity === right.severity &&
    left.explanation === right.explanation &&
    left.suggestion?.text === right.suggestion?.text &&
    isRule(left.at) &&
    isRule(right.at) &&
    left.at.chain === right.at.chain &&
    (left.involved ?? []).length > 0 &&
    others(left) === others(right)
  );
}

function groupLines(group: readonly Finding[], style: Style): string[] {
  const [first] = group as [Finding];
  const { id, severity, title, explanation, at, involved = [], suggestion } = first;
  const own = spanOf(at);
  const rows = [
    ...group
      .slice(0, MOST_ALIKE)
      .map((each) => [each.at, isRule(each.at) ? each.at.rule.text : NO_RULE] as const),
    ...involved.slice(0, MOST_INVOLVED).map((each) => [each.at, involvedText(each)] as const),
  ];
  const numbers = rows.map(([place]) => lineOf(place, own.path));
  const size = Math.max(...numbers.map(displayWidth));
  const lines = rows.map(([, text], index) => ruleLines(numbers[index] ?? '', size, text, style));
  const split = Math.min(group.length, MOST_ALIKE);
  const times = group.length === 1 ? '' : `  ${style.dim(`${group.length} times`)}`;
  return [
    `  ${painted(severity, style)}  ${style.name(id)}${times}`,
    ...hang('  ', printable(title), style.width).map(style.bold),
    ...lines.slice(0, split).flat(),
    ...more(group.length - split, style),
    ...lines.slice(split).flat(),
    ...more(involved.length - MOST_INVOLVED, style),
    ...(explanation === '' ? [] : hang('  ', printable(explanation), style.width)),
    ...(suggestion ? suggestionLines(group, style) : []),
  ];
}

/** The check's title, and the findings as rows under it. */
function listLines(findings: readonly Finding[], style: Style): string[] {
  const [first] = findings as [Finding];
  const { id, severity, explanation, suggestion } = first;
  const shown = findings.slice(0, MOST_ALIKE);
  const numbers = shown.map(({ at }) => `${spanOf(at).line}`);
  const size = Math.max(...numbers.map(displayWidth));
  const title = LINT_PAGES.find((page) => page.id === id)?.title ?? id;
  return [
    `  ${painted(severity, style)}  ${style.name(id)}  ${style.dim(`${findings.length} times`)}`,
    ...hang('  ', title, style.width).map(style.bold),
    ...shown.flatMap((each, index) => ruleLines(numbers[index] ?? '', size, each.title, style)),
    ...more(findings.length - shown.length, style),
    ...(explanation === '' ? [] : hang('  ', printable(explanation), style.width)),
    ...(suggestion ? suggestionLines(findings, style) : []),
  ];
}

function more(count: number, style: Style): string[] {
  return count > 0 ? [style.dim(`    … and ${count} more`)] : [];
}

/** Of another file than the finding's, with its name. */
function lineOf(at: Involved['at'], path: string): string {
  const span = spanOf(at);
  return span.path === path ? `${span.line}` : `${printable(span.path)}:${span.line}`;
}

function involvedText({ at, role }: Involved): string {
  return isRule(at) ? `${at.rule.text}  (${role})` : role;
}

function ruleLines(number: string, size: number, text: string, style: Style): string[] {
  // A long path stands on a line of its own.
  if (size > 24)
    return [`    ${number}`, ...(text === '' ? [] : hang('      ', printable(text), style.width))].map(
      style.dim,
    );
  return hang(`    ${padStart(number, size)}  `, printable(text), style.width).map(style.dim);
}

function suggestionLines(group: readonly Finding[], style: Style): string[] {
  const commands = group.flatMap(({ suggestion }) => suggestion?.commands ?? []);
  return [
    ...hang('  ', printable(group[0]?.suggestion?.text ?? ''), style.width),
    ...commands.slice(0, MOST_COMMANDS).map((command) => `    ${style.command(printable(command))}`),
    ...more(commands.length - MOST_COMMANDS, style),
  ];
}

function summary({ findings, suppressed, paths, rules }: LintResult): string {
  const of = `${rules} rule${rules === 1 ? '' : 's'} of ${paths.length} file${paths.length === 1 ? '' : 's'}`;
  const hidden = suppressed.length === 0 ? '' : ` (${suppressed.length} suppressed)`;
  return `${of}: ${findings.length === 0 ? 'nothing to say' : tally(findings)}${hidden}`;
}
