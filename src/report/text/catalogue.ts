import { type CataloguePage, partsOf } from '../cause-page.ts';
import { finish, type Style, styleOf, type TextOptions } from './style.ts';
import { columns, hang } from './wrap.ts';

/** Every cause with its title, by group. */
export function renderCatalogue(pages: readonly CataloguePage[], options: TextOptions): string {
  const style = styleOf(options);
  const lines: string[] = [];
  const groups = new Set(pages.map(({ group }) => group));
  for (const group of groups) {
    const own = pages.filter((page) => page.group === group);
    lines.push(style.bold(group));
    lines.push(
      ...columns(
        own.map(({ id, title }) => [style.name(id), title]),
        { width: style.width, indent: 2 },
      ),
      '',
    );
  }
  lines.push(style.dim('nettrace explain CAUSE prints the page of one.'));
  return finish(lines, options);
}

/** One page. */
export function renderPage(page: CataloguePage, options: TextOptions): string {
  const style = styleOf(options);
  const lines = [`${style.name(page.id)}  ${style.dim(`${page.group} · ${page.severity}`)}`];
  lines.push(...hang('', page.title, style.width).map(style.bold));
  for (const [heading, text] of partsOf(page)) {
    lines.push('', `  ${style.bold(heading)}`, ...body(text, heading, style));
  }
  return finish(lines, options);
}

/** Sentences are wrapped; commands are there to be copied. */
function body(text: string | readonly string[], heading: string, style: Style): string[] {
  if (typeof text === 'string') return hang('    ', text, style.width);
  if (heading === 'References') return text.flatMap((line) => hang('    ', line, style.width));
  return text.flatMap((line) => {
    const [, command = line, remark = ''] = /^(.*?)( \(.*\))?$/.exec(line) ?? [];
    return hang('    ', `${style.command(command)}${remark}`, style.width);
  });
}
