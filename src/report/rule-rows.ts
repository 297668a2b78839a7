/** Every rule and policy that a packet met on its way, and which of them decided: for any reporter. */
import type { Finding } from '../diagnose/finding.ts';
import type { DecidingStep, Hop, Step } from '../netstack/hop.ts';

export interface RuleRow {
  readonly namespace: string;
  readonly step: DecidingStep;
  /** The one that the finding blames. */
  readonly isDeciding: boolean;
}

/** Of a packet's way, copies left out. */
export function ruleRows(hops: readonly Hop[], { rule }: Finding): RuleRow[] {
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

/** `filter FORWARD 3`, `inet firewall forward 2`. */
export function ruleName(step: DecidingStep): string {
  const family = 'family' in step ? `${step.family} ` : '';
  const number = 'number' in step && step.number > 0 ? ` ${step.number}` : '';
  return `${family}${step.table} ${step.chain}${number}`;
}

export function ruleText(step: DecidingStep): string {
  return 'text' in step ? step.text : `policy ${step.verdict}`;
}
