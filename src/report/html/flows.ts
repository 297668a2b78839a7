import { printable } from '../../base/printable.ts';
import type { AnalysisFlow, Endpoint } from '../analysis.ts';
import { plural } from '../facts.ts';
import { statusText } from '../text/flow-name.ts';
import { endpointText } from '../text/header.ts';
import { clockText } from '../text/time.ts';
import type { View } from '../view.ts';
import { endParts, type FlowRow } from './flow-row.ts';
import { dataBlock, type Html, html } from './html.ts';

/** Rows that stand in the page itself; the script pages through all of them. */
const SHOWN = 25;
/** More than somebody looks through: 8 MB. */
const MOST = 100_000;

const COLUMNS = [
  'Outcome',
  'Protocol',
  'Client',
  'Server',
  'There',
  'Back',
  'Begin (UTC)',
  'Finding',
] as const;
const NUMERIC: ReadonlySet<string> = new Set(['There', 'Back']);

/** All flows, those of findings first: to sort, to filter, to page through. */
export function flowSection({ analysis: { flows, counted } }: View, more: Iterable<AnalysisFlow>): Html {
  const own = [...flows].sort((a, b) => Number(b.findings.length > 0) - Number(a.findings.length > 0));
  const rows: FlowRow[] = [];
  let all = flows.length + (counted?.flows ?? 0);
  for (const list of [own, more]) {
    for (const flow of list) {
      if (rows.length >= MOST) break;
      rows.push(rowOf(flow));
    }
  }
  all = Math.max(all, rows.length);
  if (rows.length === 0) return html`<p>The captures hold no flow.</p>`;
  return html`<div class="tools" data-tools hidden>
<label>Filter <input type="search" data-filter placeholder="address, port, outcome …" aria-describedby="flow-count"></label>
<label>Outcome <select data-outcome><option value="">all</option>${[...new Set(rows.map(([status]) => status))].map((status) => html`<option>${status}</option>`)}</select></label>
</div>
<p id="flow-count" role="status">${plural(all, 'flow')}${rows.length < all && `; the first ${rows.length.toLocaleString('en')} of them are listed`}</p>${rows.length > SHOWN && html`<noscript><p>The first ${SHOWN} are shown.</p></noscript>`}
<div class="wide"><table id="flow-table"><thead><tr>${COLUMNS.map((column) => html`<th scope="col"${NUMERIC.has(column) && html` class="number"`}>${column}</th>`)}</tr></thead>
<tbody>${rows.slice(0, SHOWN).map(tableRow)}</tbody></table></div>
<div class="pager" data-pager hidden><button type="button" data-back>Back</button> <span data-place></span> <button type="button" data-on>On</button></div>
${dataBlock('flow-data', rows)}`;
}

function rowOf(flow: AnalysisFlow): FlowRow {
  const { protocol, client, server, packets, start, findings, counted } = flow;
  return [
    `${statusText(flow)}${counted ? ' (counted)' : ''}`,
    printable(protocol),
    endText(client),
    endText(server),
    packets.forward,
    packets.reply,
    start,
    findings.map((index) => index + 1),
  ];
}

function endText({ address, port, name, namespace }: Endpoint): string {
  const owner = name ?? namespace;
  return `${endpointText(address, port)}${owner === undefined ? '' : ` (${printable(owner)})`}`;
}

/** As the page's script makes it. */
function tableRow([status, protocol, client, server, forward, reply, start, findings]: FlowRow): Html {
  return html`<tr><td>${status}</td><td>${protocol}</td><td class="end">${endCell(client)}</td><td class="end">${endCell(server)}</td><td class="number">${forward}</td><td class="number">${reply}</td><td class="moment">${clockText(start)}</td><td>${findings.map((number) => html`<a href="#finding-${number}">${number}</a> `)}</td></tr>
`;
}

function endCell(end: string): Html {
  const [address, owner] = endParts(end);
  return html`${address}${owner !== '' && html` <span class="part">${owner}</span>`}`;
}
