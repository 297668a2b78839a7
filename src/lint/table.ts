/** The checks as the table of docs/lint.md. */
import { LINT_PAGES } from './lint.ts';

export function checksTable(): string {
  return [
    '| id | level | what | why | what to do | not told |',
    '| --- | --- | --- | --- | --- | --- |',
    ...LINT_PAGES.map(
      ({ id, severity, title, why, repair, silent }) =>
        `| \`${id}\` | ${severity} | ${[title, why, repair, silent].map(cell).join(' | ')} |`,
    ),
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;').replaceAll('_', '\\_');
}
