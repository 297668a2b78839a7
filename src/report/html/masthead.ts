import { filterText, verdictOf } from '../text/summary.ts';
import { type Html, html } from './html.ts';
import type { View } from './report.ts';
import { momentText } from './time.ts';

export interface Entry {
  readonly id: string;
  readonly title: string;
}

const TONES = { bad: 'Trouble', good: 'Healthy', none: 'Unclear' } as const;

/** What somebody reads who reads nothing else, and the way to the rest. */
export function masthead({ analysis }: View, entries: readonly Entry[]): Html {
  const { head, reasons, besides, rest, tone } = verdictOf(analysis);
  return html`<header>
<p class="mark"><b>nettrace</b> <span class="pill ${tone}">${TONES[tone]}</span></p>
<h1>${head}</h1>
${reasons.length > 0 && html`<ol class="reasons">${reasons.map((reason, index) => html`<li><a href="#finding-${index + 1}">${reason}</a></li>`)}</ol>`}
${besides !== undefined && html`<p class="besides">${besides}</p>`}
${rest !== '' && html`<p>${rest}</p>`}
${analysis.filter && html`<p class="besides">${filterText(analysis.filter)}</p>`}
<p class="facts">${factsOf(analysis)}</p>
<nav aria-label="Sections">${entries.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</nav>
</header>`;
}

function factsOf({ flows, counted, inputs, topology }: View['analysis']): string {
  const captures = inputs.filter(({ packets }) => packets !== undefined);
  const packets = captures.reduce((sum, input) => sum + (input.packets ?? 0), 0);
  const times = flows.flatMap(({ start, end }) => [start, end]);
  const from = times.length > 0 ? times.reduce((least, time) => Math.min(least, time)) : undefined;
  const to = times.reduce((most, time) => Math.max(most, time), 0);
  const parts = [
    plural(flows.length + (counted?.flows ?? 0), 'flow'),
    `${plural(packets, 'packet')} of ${plural(captures.length, 'capture')}`,
    plural(inputs.length - captures.length, 'dump'),
    plural(topology.namespaces.length, 'namespace'),
    ...(from === undefined ? [] : [`${momentText(from)} to ${momentText(to)}`]),
  ];
  return parts.join(' · ');
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
