import type { Finding } from '../../diagnose/finding.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { type RuleRow, ruleName, ruleRows, ruleText } from '../rule-rows.ts';
import { place } from '../text/paths.ts';
import { type Html, html } from './html.ts';
import type { View } from './report.ts';

/** Every rule and policy that the packet met on its way, the one that decided marked. Nothing where it met none. */
export function ruleTable(flow: AnalysisFlow, finding: Finding, view: View): Html | undefined {
  const rows = ruleRows(flow.predicted, finding);
  if (rows.length === 0) return undefined;
  return html`<details class="rules"${rows.some(({ isDeciding }) => isDeciding) && ' open'}><summary><h4>Rules on the way</h4></summary>
<div class="wide"><table><thead><tr><th scope="col">Namespace</th><th scope="col">Hook</th><th scope="col">Chain</th><th scope="col">Rule</th><th scope="col">Where</th></tr></thead>
<tbody>${rows.map((row) => ruleRow(row, view))}</tbody></table></div></details>`;
}

function ruleRow({ namespace, step, isDeciding }: RuleRow, { nameOf, shorten }: View): Html {
  const { hook, path, line } = step;
  const where = path === undefined ? '' : place({ path: shorten(path), ...(line !== undefined && { line }) });
  return html`<tr${isDeciding && html` class="deciding"`}><td>${nameOf(namespace)}</td><td>${hook}</td><td>${ruleName(step)}</td><td><code>${ruleText(step)}</code>${isDeciding && html` <span class="pill bad">decides</span>`}</td><td><code>${where}</code></td></tr>`;
}
