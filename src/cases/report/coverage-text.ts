/** Which rules no case ever matched, for a terminal. */
import { printable } from '../../base/printable.ts';
import { finish, type Style, styleOf, type TextOptions } from '../../report/text/style.ts';
import { columns, hang } from '../../report/text/wrap.ts';
import type { CoverageSummary, CoveredFile } from '../coverage/files.ts';
import { isEnough } from '../coverage/files.ts';
import { counted } from './text.ts';

export function renderCoverage(summary: CoverageSummary, options: TextOptions): string {
  const style = styleOf(options);
  return finish(
    ['', style.bold('Coverage of rules'), ...bodyLines(summary, style), ...totalLines(summary, style)],
    options,
  );
}

function bodyLines({ files }: CoverageSummary, style: Style): string[] {
  if (files.length === 0) return ['  The cases have no rules in files.'];
  return files.flatMap((file) => fileLines(file, style));
}

function fileLines(file: CoveredFile, style: Style): string[] {
  const { path, total, hit, percent, rules } = file;
  const never = rules.filter(({ policy, hits }) => !policy && hits === 0);
  const paint = never.length === 0 ? style.good : style.doubtful;
  const shown = style.verbose ? rules.filter(({ policy }) => !policy) : never;
  return [
    ...hang('  ', `${printable(path)}: ${hit} of ${counted(total, 'rule')}, ${percent} %`, style.width).map(
      (line) => paint(line),
    ),
    ...columns(
      shown.map(({ line, hits, name, text }) => [
        `${line}:`,
        ...(style.verbose ? [hits === 0 ? 'never' : `${hits} ×`] : []),
        printable(ruleText(name, text)),
      ]),
      { indent: 4, width: style.width },
    ),
  ];
}

function totalLines(summary: CoverageSummary, style: Style): string[] {
  const { rules, hit, percent, threshold } = summary;
  const enough = isEnough(summary);
  const bar =
    threshold === undefined
      ? ''
      : enough
        ? ` (at least ${threshold} % are wanted)`
        : `, which is less than the ${threshold} % that are wanted`;
  const paint = enough ? style.good : style.bad;
  return [
    '',
    ...hang('', `${hit} of ${counted(rules, 'rule')} matched: ${percent} %${bar}`, style.width).map((line) =>
      paint(line),
    ),
  ];
}

/** A rule of iptables-save says itself where it stands. */
export function ruleText(name: string, text: string): string {
  return text.startsWith('-A ') ? text : `${name.replace(/ policy$/, '')}: ${text}`;
}
