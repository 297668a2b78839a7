/** The pages of the checks as text, Markdown and data. */
import { finish, styleOf, type TextOptions } from '../report/text/style.ts';
import { columns, hang } from '../report/text/wrap.ts';
import type { CheckPage } from './check.ts';

export function partsOf(
  page: CheckPage,
): readonly (readonly [heading: string, text: string | readonly string[]])[] {
  return [
    ['Why', page.why],
    ['What to do', page.repair],
    ['Not told', page.silent],
    ['References', page.references],
  ];
}

export function pageMarkdown(page: CheckPage): string {
  const parts = partsOf(page).map(([heading, text]) => {
    const body = typeof text === 'string' ? text : text.map((line) => `* ${line}`).join('\n');
    return `### ${heading}\n\n${body}\n`;
  });
  return `## ${page.id}: ${page.title}\n\n${parts.join('\n')}`;
}

export function renderPage(page: CheckPage, options: TextOptions): string {
  const style = styleOf(options);
  const lines = [`${style.name(page.id)}  ${style.dim(`lint · ${page.severity}`)}`];
  lines.push(...hang('', page.title, style.width).map(style.bold));
  for (const [heading, text] of partsOf(page)) {
    const body = typeof text === 'string' ? [text] : text;
    lines.push('', `  ${style.bold(heading)}`, ...body.flatMap((line) => hang('    ', line, style.width)));
  }
  return finish(lines, options);
}

/** A check as data, without what it does. */
export function plainPage({ id, title, severity, why, repair, silent, references }: CheckPage): CheckPage {
  return { id, title, severity, why, repair, silent, references };
}

/** Every check with its severity and title. */
export function renderList(pages: readonly CheckPage[], options: TextOptions): string {
  const style = styleOf(options);
  const rows = pages.map(({ id, severity, title }) => [style.name(id), severity, title]);
  return finish(
    [...columns(rows, { width: style.width }), '', style.dim('nettrace explain ID prints the page of one.')],
    options,
  );
}
