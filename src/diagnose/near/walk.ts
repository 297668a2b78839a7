/** Which rules a packet was asked for before it was stopped, chain by chain. */
import type { DecidingStep, Step } from '../../netstack/hop.ts';

export interface WalkedChain {
  readonly chain: string;
  /** Rules up to that number, from 1, were tried; all of them where it is Infinity. */
  readonly until: number;
}

/** The chain it began in, and those it jumped to, in the order in which they were entered. Empty where the steps don't lead to the rule that decided. */
export function walkedChains(steps: readonly Step[], deciding: DecidingStep): WalkedChain[] {
  const own = steps.filter((step): step is DecidingStep => isOfTable(step, deciding));
  const until = new Map<string, number>();
  const enteredBy = new Map<string, DecidingStep>();
  const end = own.findLastIndex(({ chain, kind }) => chain === deciding.chain && kind === deciding.kind);
  const walked = end < 0 ? [...own, deciding] : own.slice(0, end + 1);
  for (const step of walked) {
    if (!until.has(step.chain)) until.set(step.chain, Number.POSITIVE_INFINITY);
    const chain = jumpOf(step);
    if (chain !== undefined && !until.has(chain)) {
      until.set(chain, Number.POSITIVE_INFINITY);
      enteredBy.set(chain, step);
    }
    if (isReturn(step) && 'number' in step)
      until.set(step.chain, Math.min(step.number, until.get(step.chain) ?? step.number));
  }
  // Chains that it had not come back to when it was stopped: what stands behind the jump was not tried.
  for (let at: DecidingStep | undefined = deciding; at; at = enteredBy.get(at.chain)) {
    if ('number' in at) until.set(at.chain, Math.min(at.number - 1, until.get(at.chain) ?? at.number));
  }
  return [...until].map(([chain, last]) => ({ chain, until: last }));
}

function isOfTable(step: Step, deciding: DecidingStep): boolean {
  const isRule =
    'chain' in step && 'table' in step && step.hook === deciding.hook && step.table === deciding.table;
  return isRule && familyOf(step) === familyOf(deciding);
}

function familyOf(step: DecidingStep): string | undefined {
  return 'family' in step ? step.family : undefined;
}

function jumpOf(step: DecidingStep): string | undefined {
  if (step.kind === 'rule') return BUILT_IN.has(step.target) ? undefined : step.target;
  return step.kind === 'nft-rule' ? /^(?:jump|goto) (.+)$/.exec(step.verdict)?.[1] : undefined;
}

function isReturn(step: DecidingStep): boolean {
  if (step.kind === 'rule') return step.target === 'RETURN' || / -g \S+$/.test(step.text);
  return step.kind === 'nft-rule' && /^(?:return|goto )/.test(step.verdict);
}

const BUILT_IN = new Set(['', 'ACCEPT', 'DROP', 'RETURN', 'QUEUE']);
