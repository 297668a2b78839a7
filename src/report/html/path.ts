import type { AnalysisFlow } from '../analysis.ts';
import { flowName } from '../text/flow-name.ts';
import { flowRails } from '../text/flow-path.ts';
import type { RailRow } from '../text/rail.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { parts } from './wording.ts';

/** A namespace that a packet passes, with what happens to it there. */
interface Stop {
  readonly name: string;
  readonly rows: RailRow[];
}

/** The flow's path there and back: a card for each namespace, in order, to the place where the packet died. */
export function pathFigure(flow: AnalysisFlow, isOneOfSeveral: boolean, view: View): Html {
  const shown = flow.failing ? { ...flow, sightings: flow.failing.sightings } : flow;
  const { there, back } = flowRails(shown, view, false);
  const when =
    flow.failing && (flow.failing.from === undefined ? ', before it worked' : ', after it had worked');
  return html`<figure class="path"><figcaption><h4>Path${isOneOfSeveral && html` of <code>${flowName(flow)}</code>`}${when}</h4></figcaption>
${stopsList(there)}
${back.length > 0 && html`<h5>The answer</h5>${stopsList(back)}`}
</figure>`;
}

/** By how many there are: beside each other, in pairs, else three in a row. */
const ARRANGED: Readonly<Record<number, string>> = { 1: 'one', 2: 'pairs', 4: 'pairs' };

function stopsList(rows: readonly RailRow[]): Html {
  const { stops, beyond } = stopsOf(rows);
  return html`<ol class="stops ${ARRANGED[stops.length] ?? 'many'}">${stops.map(stop)}</ol>
${beyond.length > 0 && html`<ul class="beyond">${beyond.map((row) => html`<li class="${row.tone}"><b>${row.label}</b> ${parts(row.text)}</li>`)}</ul>`}`;
}

function stop({ name, rows }: Stop): Html {
  const isDeath = rows.some(({ mark }) => mark === 'death');
  return html`<li class="stop${isDeath && ' dead'}"><b class="name">${name}</b>
<dl>${rows.map(({ label, text, mark, tone }) => html`<div class="${mark} ${tone}"><dt>${mark === 'death' && '✗ '}${label}</dt><dd>${parts(text)}</dd></div>`)}</dl></li>
`;
}

/** Rows of a rail by the namespaces that they are of; those beyond the packet's death apart. */
function stopsOf(rows: readonly RailRow[]): {
  readonly stops: readonly Stop[];
  readonly beyond: readonly RailRow[];
} {
  const stops: Stop[] = [];
  const beyond: RailRow[] = [];
  for (const row of rows) {
    const last = stops.at(-1);
    if (row.mark === 'begin') stops.push({ name: row.label, rows: row.text === '' ? [] : [row] });
    else if (row.mark === 'beyond') beyond.push(row);
    else if (last) last.rows.push(row);
    else stops.push({ name: '', rows: [row] });
  }
  return { stops, beyond };
}
