/** The rules that a flow hits by the model's path, there and back. */
import type { ChainForm } from '../../live/rule-file.ts';
import type { DecidingStep, Hop, Step } from '../../netstack/hop.ts';
import type { AnalysisFlow } from '../../report/analysis.ts';

export interface RuleHit {
  readonly isThere: boolean;
  readonly isBack: boolean;
  /** `ACCEPT`, `jump DOCKER`. Untrusted. */
  readonly verdict: string;
  /** It ends the packet's way. */
  readonly isFatal: boolean;
}

/** By `keyOf`. */
export type RuleHits = ReadonlyMap<string, RuleHit>;

/** Of a rule, from 1, of the policy, or of the chain itself. */
export function keyOf(
  namespace: string,
  { by, family, table, chain }: Pick<ChainForm, 'by' | 'family' | 'table' | 'chain'>,
  which: number | 'policy' | 'chain',
): string {
  return JSON.stringify([namespace, by, family, table, chain, which]);
}

export function ruleHits({ predicted, predictedReply = [] }: AnalysisFlow): RuleHits {
  const hits = new Map<string, RuleHit>();
  const note = (hops: readonly Hop[], isBack: boolean) => {
    for (const { namespace, steps } of hops)
      for (const step of steps) {
        if (!isRuleStep(step)) continue;
        const key = keyOfStep(namespace, step);
        const known = hits.get(key);
        hits.set(key, {
          isThere: !isBack || (known?.isThere ?? false),
          isBack: isBack || (known?.isBack ?? false),
          verdict: known?.verdict ?? verdictOf(step),
          isFatal: (known?.isFatal ?? false) || isFatal(step),
        });
      }
  };
  note(predicted, false);
  note(predictedReply, true);
  return hits;
}

function isRuleStep(step: Step): step is DecidingStep {
  return ['rule', 'policy', 'nft-rule', 'nft-policy'].includes(step.kind);
}

function keyOfStep(namespace: string, step: DecidingStep): string {
  const which = 'number' in step ? step.number : 'policy';
  if (step.kind === 'nft-rule' || step.kind === 'nft-policy')
    return keyOf(namespace, { ...step, by: 'nft' }, which);
  const file = step.path?.split('/').at(-1) ?? '';
  const form = {
    by: file.includes('legacy') ? ('iptables-legacy' as const) : ('iptables-nft' as const),
    family: file.startsWith('ip6') ? ('ip6' as const) : ('ip' as const),
    table: step.table,
    chain: step.chain,
  };
  return keyOf(namespace, form, which);
}

function verdictOf(step: DecidingStep): string {
  return step.kind === 'rule' ? step.target : step.verdict;
}

function isFatal(step: DecidingStep): boolean {
  const verdict = verdictOf(step).toLowerCase();
  return verdict === 'drop' || verdict === 'reject' || /^reject\b/.test(verdict);
}
