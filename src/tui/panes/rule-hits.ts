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

/** By `keyOf` a chain the rules of it, by their numbers from 1; 0 is the policy. */
export type RuleHits = ReadonlyMap<string, ReadonlyMap<number, RuleHit>>;

/** Of a chain. */
export function keyOf(
  namespace: string,
  { by, family, table, chain }: Pick<ChainForm, 'by' | 'family' | 'table' | 'chain'>,
): string {
  return JSON.stringify([namespace, by, family, table, chain]);
}

export function ruleHits({ predicted, predictedReply = [] }: AnalysisFlow): RuleHits {
  const hits = new Map<string, Map<number, RuleHit>>();
  const note = (hops: readonly Hop[], isBack: boolean) => {
    for (const { namespace, steps } of hops)
      for (const step of steps) {
        if (!isRuleStep(step)) continue;
        const chain = keyOf(namespace, formOf(step));
        const rules = hits.get(chain) ?? new Map<number, RuleHit>();
        hits.set(chain, rules);
        const number = 'number' in step ? step.number : 0;
        const known = rules.get(number);
        rules.set(number, {
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

function formOf(step: DecidingStep): Pick<ChainForm, 'by' | 'family' | 'table' | 'chain'> {
  if (step.kind === 'nft-rule' || step.kind === 'nft-policy') return { ...step, by: 'nft' };
  const file = step.path?.split('/').at(-1) ?? '';
  return {
    by: file.includes('legacy') ? 'iptables-legacy' : 'iptables-nft',
    family: file.startsWith('ip6') ? 'ip6' : 'ip',
    table: step.table,
    chain: step.chain,
  };
}

function verdictOf(step: DecidingStep): string {
  return step.kind === 'rule' ? step.target : step.verdict;
}

function isFatal(step: DecidingStep): boolean {
  const verdict = verdictOf(step).toLowerCase();
  return verdict === 'drop' || verdict === 'reject' || /^reject\b/.test(verdict);
}
