/** What is said on standard error. */
import { colorsOf } from '../base/colors.ts';
import { formatIssue, type Issue } from '../base/issue.ts';
import { printable } from '../base/printable.ts';
import type { Io } from './io.ts';
import { type ColorChoice, hasColor } from './terminal.ts';

export interface MessageOptions {
  readonly color?: ColorChoice;
  readonly quiet?: boolean | undefined;
}

/** Errors always, warnings unless the user asked for quiet; the same message once. */
export function tellIssues(io: Io, issues: readonly Issue[], options: MessageOptions): void {
  const told = new Set<string>();
  for (const issue of issues) {
    if (issue.severity === 'warning' && options.quiet) continue;
    const text = printable(formatIssue(issue));
    if (told.has(text)) continue;
    told.add(text);
    tell(io, issue.severity, text, options);
  }
}

/** `text`: one line, whatever is in it. */
export function tell(
  io: Io,
  severity: Issue['severity'],
  text: string,
  { color = 'auto' }: MessageOptions,
): void {
  const colors = colorsOf(hasColor(io, io.stderr, color));
  const name = severity === 'error' ? colors.red('error') : colors.yellow('warning');
  io.stderr.write(`nettrace: ${name}: ${printable(text)}\n`);
}

export function hasErrors(issues: readonly Issue[]): boolean {
  return issues.some((issue) => issue.severity === 'error');
}
