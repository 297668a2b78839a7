import { missingRows } from '../missing-rows.ts';
import { place } from '../text/paths.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { breakable, prose } from './wording.ts';

const SHOWN_WARNINGS = 200;
/** Of a table that somebody reads, not searches. */
const SHOWN_ROWS = 400;
/** Namespaces that lack the same, each with its command. */
const ALIKE = 8;

/** What no input tells, and the commands that do: what several namespaces lack is said once. */
export function missingSection({ analysis: { topology }, nameOf }: View): Html | undefined {
  if (topology.missing.length === 0) return undefined;
  const all = missingRows(topology);
  const rows = all
    .slice(0, SHOWN_ROWS)
    .map(
      ({ namespaces, text, commands }) =>
        html`<tr><td>${few(namespaces.map(nameOf)).join(', ')}</td><td>${prose(text)}</td><td>${few(commands).map((command) => html`<div><code>${command}</code></div>`)}</td></tr>`,
    );
  return html`<div class="wide stack missing"><table><thead><tr><th scope="col">Namespace</th><th scope="col">What is missing</th><th scope="col">What shows it</th></tr></thead><tbody>${rows}</tbody></table></div>${moreThan(all.length)}`;
}

function few(texts: readonly string[]): readonly string[] {
  const more = texts.length - ALIKE;
  return more > 1 ? [...texts.slice(0, ALIKE), `and ${more} more`] : texts;
}

export function warningSection({ analysis: { warnings }, shorten }: View): Html | undefined {
  if (warnings.length === 0) return undefined;
  const rest = warnings.length - SHOWN_WARNINGS;
  return html`<ul class="warnings">${warnings.slice(0, SHOWN_WARNINGS).map((warning) => html`<li>${warning.path !== undefined && html`<code>${breakable(place({ ...warning, path: shorten(warning.path) }))}</code> `}${prose(warning.text)}</li>`)}${rest > 0 && html`<li>and ${rest} more</li>`}</ul>`;
}

/** The folder that all of them lie in is said once. */
export function inputSection({ analysis: { inputs }, folder, shorten }: View): Html {
  return html`${folder !== '' && html`<p>All in <code>${breakable(folder)}</code></p>`}
<div class="wide stack inputs"><table><thead><tr><th scope="col">File</th><th scope="col">What it is</th><th scope="col">Place</th><th scope="col" class="number">Packets</th></tr></thead>
<tbody>${inputs
    .slice(0, SHOWN_ROWS)
    .map(
      ({ path, kind, namespace, interface: device, packets }) =>
        html`<tr><td><code>${breakable(shorten(path))}</code></td><td>${kind}</td><td>${[namespace, device].filter((part) => part !== undefined).join(':')}</td><td class="number">${packets?.toLocaleString('en')}</td></tr>`,
    )}</tbody></table></div>${moreThan(inputs.length)}`;
}

function moreThan(count: number): Html | false {
  return count > SHOWN_ROWS && html`<p>and ${(count - SHOWN_ROWS).toLocaleString('en')} more</p>`;
}
