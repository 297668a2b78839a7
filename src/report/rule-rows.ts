/** Every rule and policy that a packet met on its way, which of them decided, and which nearly did: for any reporter. */
import type { Finding } from '../diagnose/finding.ts';
import type { NearRule } from '../diagnose/near-rules.ts';
import type { DecidingStep, Hop, Step } from '../netstack/hop.ts';
import type { AnalysisFlow } from './analysis.ts';

export interface RuleRow {
  readonly namespace: string;
  readonly hook: string;
  /** `filter FORWARD 3`, `inet firewall forward 2`. */
  readonly name: string;
  readonly text: string;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  /** The one that the finding blames. */
  readonly isDeciding: boolean;
  /** It would have accepted the packet but for one condition. */
  readonly near?: NearRule;
}

interface Met {
  readonly namespace: string;
  readonly step: DecidingStep;
  readonly isDeciding: boolean;
}

/** Of a packet's way, copies left out; in the order in which the kernel asks them. */
export function ruleRows({ predicted, nearRules = [] }: AnalysisFlow, finding: Finding): RuleRow[] {
  const met = rulesMet(predicted, finding);
  const deciding = met.findLast(({ isDeciding }) => isDeciding);
  const rows: RuleRow[] = [];
  let waiting = deciding ? [...nearRules] : [];
  for (const one of met) {
    const isBefore = (near: NearRule) => deciding !== undefined && stands(near, one, deciding);
    rows.push(...waiting.filter(isBefore).map((near) => nearRow(near, deciding as Met)), metRow(one));
    waiting = waiting.filter((near) => !isBefore(near));
  }
  return rows;
}

/** Whether it is asked right before what was met: a later rule of its chain, or what stands at the chain's end. */
function stands({ table, chain, number }: NearRule, one: Met, deciding: Met): boolean {
  const { step, namespace } = one;
  if (one === deciding) return true;
  const isThere =
    namespace === deciding.namespace && step.hook === deciding.step.hook && step.table === table;
  return isThere && step.chain === chain && 'number' in step && step.number > number;
}

function metRow({ namespace, step, isDeciding }: Met): RuleRow {
  const { hook, path, line } = step;
  return { namespace, hook, name: ruleName(step), text: ruleText(step), path, line, isDeciding };
}

function nearRow(near: NearRule, { namespace, step }: Met): RuleRow {
  const { table, chain, number, text, path, line } = near;
  const family = 'family' in step ? `${step.family} ` : '';
  const name = `${family}${table} ${chain} ${number}`;
  return { namespace, hook: step.hook, name, text, path, line, isDeciding: false, near };
}

/** `would have accepted it but for -i docker0: the packet comes in by eth0`, in three parts. */
export function nearWords({
  condition,
  instead,
}: NearRule): readonly [before: string, condition: string, after: string] {
  return ['would have accepted it but for ', condition, `: ${instead}`];
}

function rulesMet(hops: readonly Hop[], { rule }: Finding): Met[] {
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

function isRuleStep(step: Step): step is DecidingStep {
  return (
    step.kind === 'rule' || step.kind === 'policy' || step.kind === 'nft-rule' || step.kind === 'nft-policy'
  );
}

function isFatal(step: DecidingStep): boolean {
  if (step.kind === 'rule') return step.target === 'DROP' || step.target === 'REJECT';
  return step.verdict.toLowerCase() === 'drop';
}

function ruleName(step: DecidingStep): string {
  const family = 'family' in step ? `${step.family} ` : '';
  const number = 'number' in step && step.number > 0 ? ` ${step.number}` : '';
  return `${family}${step.table} ${step.chain}${number}`;
}

function ruleText(step: DecidingStep): string {
  return 'text' in step ? step.text : `policy ${step.verdict}`;
}
