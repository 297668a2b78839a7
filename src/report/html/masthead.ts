import { factsOf } from '../facts.ts';
import { sentence } from '../text/sentence.ts';
import { filterText, verdictOf } from '../text/summary.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { prose } from './wording.ts';

export interface Entry {
  readonly id: string;
  readonly title: string;
}

const TONES = { bad: 'Trouble', good: 'Healthy', none: 'Unclear' } as const;

/** What somebody reads who reads nothing else, and the way to the rest. */
export function masthead({ analysis }: View, entries: readonly Entry[]): Html {
  const { head, reasons, besides, rest, tone } = verdictOf(analysis);
  const errors = analysis.findings.flatMap(({ severity }, index) =>
    severity === 'error' ? [index + 1] : [],
  );
  return html`<header>
<p class="mark"><b>nettrace</b> <span class="pill ${tone}">${TONES[tone]}</span></p>
<h1>${prose(head)}</h1>
${reasons.length > 0 && html`<ol class="reasons">${reasons.map((reason, index) => html`<li><a href="#finding-${errors[index] ?? 1}">${prose(sentence(reason))}</a></li>`)}</ol>`}
${besides !== undefined && html`<p class="besides">${besides}</p>`}
${rest !== '' && html`<p>${rest}</p>`}
${analysis.filter && html`<p class="besides">${filterText(analysis.filter)}</p>`}
<p class="facts">${factsOf(analysis).join(' · ')}</p>
<nav aria-label="Sections">${entries.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</nav>
</header>`;
}
