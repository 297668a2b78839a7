import type { Finding } from '../../diagnose/finding.ts';
import type { DecidingStep, Hop, Step } from '../../netstack/hop.ts';
import type { AnalysisFlow } from '../analysis.ts';
import { place } from '../text/paths.ts';
import { type Html, html } from './html.ts';
import type { View } from './report.ts';

type RuleStep = DecidingStep;

interface Row {
  readonly namespace: string;
  readonly step: RuleStep;
  readonly isDeciding: boolean;
}

/** Every rule and policy that the packet met on its way, the one that decided marked. Nothing where it met none. */
export function ruleTable(flow: AnalysisFlow, finding: Finding, view: View): Html | undefined {
  const rows = rowsOf(flow.predicted, finding);
  if (rows.length === 0) return undefined;
  return html`<details class="rules"${rows.some(({ isDeciding }) => isDeciding) && ' open'}><summary><h4>Rules on the way</h4></summary>
<div class="wide"><table><thead><tr><th scope="col">Namespace</th><th scope="col">Hook</th><th scope="col">Chain</th><th scope="col">Rule</th><th scope="col">Where</th></tr></thead>
<tbody>${rows.map((row) => ruleRow(row, view))}</tbody></table></div></details>`;
}

function ruleRow({ namespace, step, isDeciding }: Row, { nameOf, shorten }: View): Html {
  const { hook, table, chain, path, line } = step;
  const where = path === undefined ? '' : place({ path: shorten(path), ...(line !== undefined && { line }) });
  const number = 'number' in step && step.number > 0 ? ` ${step.number}` : '';
  const text = 'text' in step ? step.text : `policy ${step.verdict}`;
  return html`<tr${isDeciding && html` class="deciding"`}><td>${nameOf(namespace)}</td><td>${hook}</td><td>${'family' in step && `${step.family} `}${table} ${chain}${number}</td><td><code>${text}</code>${isDeciding && html` <span class="pill bad">decides</span>`}</td><td><code>${where}</code></td></tr>`;
}

function rowsOf(hops: readonly Hop[], { rule }: Finding): Row[] {
  return hops
    .filter(({ copy }) => !copy)
    .flatMap(({ namespace, steps }) => {
      const isDeath = steps.some(({ kind }) => kind === 'drop');
      const last = steps.findLast(isRuleStep);
      return steps.filter(isRuleStep).map((step) => ({
        namespace,
        step,
        isDeciding: rule
          ? step.path === rule.path && step.line === rule.line
          : isDeath && step === last && isFatal(step),
      }));
    });
}

function isRuleStep(step: Step): step is RuleStep {
  return (
    step.kind === 'rule' || step.kind === 'policy' || step.kind === 'nft-rule' || step.kind === 'nft-policy'
  );
}

function isFatal(step: RuleStep): boolean {
  if (step.kind === 'rule') return step.target === 'DROP' || step.target === 'REJECT';
  return step.verdict.toLowerCase() === 'drop';
}
