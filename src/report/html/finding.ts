import type { Finding } from '../../diagnose/finding.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { plural } from '../facts.ts';
import { flowById, flowsById } from '../flow-by-id.ts';
import { flowName, groupFlows, statusText } from '../text/flow-name.ts';
import { place } from '../text/paths.ts';
import { sentence } from '../text/sentence.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { pathFigure } from './path.ts';
import { ruleTable } from './rules.ts';
import { sequenceFigure } from './sequence.ts';
import { breakable, prose } from './wording.ts';

const SHOWN_FLOWS = 8;

/** One finding: what is wrong, for whom, where the packet died, why, what proves it, and what repairs it. */
export function findingSection(finding: Finding, index: number, view: View): Html {
  const flows = flowsOf(finding, view);
  const shown = flows.find(({ predicted, sightings }) => predicted.length > 0 || sightings.length > 0);
  const timed = flows.find(({ timeline }) => timeline !== undefined);
  const id = `finding-${index + 1}`;
  return html`<article class="finding ${finding.severity}" id="${id}" aria-labelledby="${id}-title">
<p class="kind"><span class="pill ${finding.severity}">${finding.severity}</span> <code>${finding.cause}</code> <span>${Math.round(finding.confidence * 100)} % sure</span></p>
<h3 id="${id}-title">${prose(sentence(finding.title))}</h3>
${affected(flows, finding)}
<p class="why">${prose(finding.explanation)}</p>
${fixPart(finding, view)}
${shown && pathFigure(shown, flows.length > 1, view)}
${timed && sequenceFigure(timed, view)}
${shown && ruleTable(shown, finding, view)}
${evidencePart(finding, view)}
</article>
`;
}

function flowsOf({ flows }: Finding, { analysis }: View): AnalysisFlow[] {
  return flowsById(analysis, flows);
}

function affected(flows: readonly AnalysisFlow[], { alike = 0 }: Finding): Html | undefined {
  if (flows.length === 0) return undefined;
  const groups = groupFlows(flows);
  const rest = groups.slice(SHOWN_FLOWS).reduce((sum, group) => sum + group.flows.length, 0) + alike;
  return html`<ul class="affected">${groups.slice(0, SHOWN_FLOWS).map(({ name, flows: own }) => {
    const [first] = own;
    const forward = own.reduce((sum, { packets }) => sum + packets.forward, 0);
    const reply = own.reduce((sum, { packets }) => sum + packets.reply, 0);
    const count = own.length > 1 ? `${plural(own.length, 'flow')}, ` : '';
    return html`<li><code>${name}</code> <span>${first && statusText(first)}: ${count}${forward} there, ${reply} back</span></li>`;
  })}${rest > 0 && html`<li>and ${plural(rest, 'flow')} more</li>`}</ul>`;
}

function fixPart(finding: Finding, { analysis }: View): Html | undefined {
  const { fix, next } = finding;
  if (!fix && !next) return undefined;
  return html`<div class="fix"><h4>Fix</h4>
${fix && fix.commands.length > 0 && commands(fix.commands)}
${fix && html`<p>${fix.commands.length > 0 && html`<span class="proof ${fix.verified ? 'good' : 'doubtful'}">${fix.verified ? '✓ verified by replay' : 'not verified'}</span> `}${prose(fix.effect)}</p>`}
${
  fix?.breaks &&
  fix.breaks.length > 0 &&
  html`<p>It would stop:</p><ul>${fix.breaks.slice(0, SHOWN_FLOWS).map(({ flow: id, text }) => {
    const flow = flowById(analysis, id);
    return html`<li><code>${flow ? flowName(flow) : `flow ${id}`}</code> ${text}</li>`;
  })}</ul>`
}
${next && html`<p>${fix?.effect.includes(next.title) ? html`Against what shows then` : html`Then this stops it: ${next.title}`} (<code>${next.cause}</code>)${next.commands.length > 0 && ':'}</p>${next.commands.length > 0 && commands(next.commands)}`}
</div>`;
}

function commands(list: readonly string[]): Html {
  return html`<div class="commands"><pre tabindex="0">${list.map((command) => html`<code>${command}</code>\n`)}</pre><button type="button" data-copy hidden>Copy</button></div>`;
}

function evidencePart({ evidence }: Finding, { shorten }: View): Html | undefined {
  if (evidence.length === 0) return undefined;
  return html`<h4>Evidence</h4>
<div class="wide stack evidence"><table><thead><tr><th scope="col">Where</th><th scope="col">What it says</th></tr></thead>
<tbody>${evidence.map((item) => html`<tr><td><code>${breakable(place({ ...item, path: shorten(item.path) }))}</code></td><td>${prose(item.text)}</td></tr>`)}</tbody></table></div>`;
}
