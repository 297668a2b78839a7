import type { Finding } from '../../diagnose/finding.ts';
import type { NearRule } from '../../diagnose/near-rules.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { nearWords, type RuleRow, ruleRows } from '../rule-rows.ts';
import { place } from '../text/paths.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { breakable, whole } from './wording.ts';

/** Every rule and policy that the packet met on its way, the one that decided and those that nearly did marked. Nothing where it met none. */
export function ruleTable(flow: AnalysisFlow, finding: Finding, view: View): Html | undefined {
  const rows = ruleRows(flow, finding);
  if (rows.length === 0) return undefined;
  return html`<details class="rules"${rows.some(({ isDeciding }) => isDeciding) && ' open'}><summary><h4>Rules on the way</h4></summary>
<div class="wide stack"><table><thead><tr><th scope="col">Namespace</th><th scope="col">Hook</th><th scope="col">Chain</th><th scope="col">Rule</th><th scope="col">Where</th></tr></thead>
<tbody>${rows.map((row) => ruleRow(row, view))}</tbody></table></div></details>`;
}

function ruleRow(row: RuleRow, { nameOf, shorten }: View): Html {
  const { namespace, hook, name, text, path, line, isDeciding } = row;
  const where = path === undefined ? '' : place({ path: shorten(path), ...(line !== undefined && { line }) });
  const mark = row.near ? html` class="near"` : isDeciding && html` class="deciding"`;
  return html`<tr${mark}><td>${nameOf(namespace)}</td><td><span class="whole">${hook}</span></td><td>${name}</td><td><code>${whole(text)}</code>${isDeciding && html` <span class="pill bad">decides</span>`}${row.near && nearMiss(row.near)}</td><td><code>${breakable(where)}</code></td></tr>`;
}

function nearMiss(near: NearRule): Html {
  const [before, condition, after] = nearWords(near);
  return html` <span class="pill warning">near miss</span><p class="miss">${before}<code class="whole">${condition}</code>${after}</p>`;
}
