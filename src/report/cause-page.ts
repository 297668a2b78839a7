/** A page of the catalogue as text. */
import type { CauseHead, CausePage } from '../diagnose/cause.ts';

export interface CataloguePage extends CauseHead, CausePage {
  readonly group: string;
}

/** The page with its parts under their headings, in the order of reading. */
export function partsOf(
  page: CataloguePage,
): readonly (readonly [heading: string, text: string | readonly string[]])[] {
  const { symptom, mechanism, check, proof, refutation, settledBy, repair, references } = page;
  return [
    ['What one sees', symptom],
    ['What happens', mechanism],
    ['How to see it', check.split(/; (?=\S)/)],
    ['What proves it', proof],
    ['What speaks against it', refutation],
    ['What settles it', settledBy],
    ['What repairs it', repair],
    ['References', references],
  ];
}

/** The page in Markdown. */
export function pageMarkdown(page: CataloguePage): string {
  const parts = partsOf(page).map(([heading, text]) => {
    const body = typeof text === 'string' ? text : text.map((line) => `* ${line}`).join('\n');
    return `### ${heading}\n\n${body}\n`;
  });
  return `## ${page.id}: ${page.title}\n\n${parts.join('\n')}`;
}
