/** The rules of one table at one hook, folded into a line: which rules it went through, and what the last one says. */
import { printable } from '../../base/printable.ts';
import type { DecidingStep, Step } from '../../netstack/hop.ts';
import type { RailRow } from './rail.ts';

/** `  (rules.v4:12)`, or nothing where places are not shown. */
export type Places = (step: { readonly path?: string; readonly line?: number }) => string;

export const NO_PLACES: Places = () => '';

type TableStep = DecidingStep;

/** The steps in order; neighbouring rules and policies of the same table and hook become one row, or none. */
export function rowsOfTraversals(steps: readonly Step[]): (RailRow | Exclude<Step, TableStep>)[] {
  const parts: (RailRow | Exclude<Step, TableStep>)[] = [];
  let open: TableStep[] = [];
  const close = () => {
    const row = rowOf(open);
    if (row) parts.push(row);
    open = [];
  };
  for (const step of steps) {
    if (!isTableStep(step)) {
      close();
      parts.push(step);
      continue;
    }
    const last = open.at(-1);
    if (last && (tableOf(last) !== tableOf(step) || last.hook !== step.hook)) close();
    open.push(step);
    // Two base chains of one nft table may stand on the same hook.
    if (step.kind === 'policy' || step.kind === 'nft-policy') close();
  }
  close();
  return parts;
}

function isTableStep(step: Step): step is TableStep {
  return (
    step.kind === 'rule' || step.kind === 'policy' || step.kind === 'nft-rule' || step.kind === 'nft-policy'
  );
}

/** `filter`; `inet filter` of nft. */
function tableOf(step: TableStep): string {
  return 'family' in step ? `${step.family} ${printable(step.table)}` : step.table;
}

function rowOf(steps: readonly TableStep[]): RailRow | undefined {
  const last = steps.at(-1);
  if (!last) return undefined;
  const rules = steps.filter((step) => step.kind === 'rule' || step.kind === 'nft-rule');
  const label = `${tableOf(last)} ${last.hook}`;
  if (last.kind === 'policy' || last.kind === 'nft-policy') {
    const fatal = last.verdict.toLowerCase() === 'drop';
    if (rules.length === 0 && !fatal) return undefined;
    const after = rules.length === 0 ? '' : `, after ${trail(rules)}`;
    return {
      mark: 'within',
      label,
      text: `policy ${last.verdict}${after}`,
      ...(fatal && { tone: 'bad' }),
    };
  }
  const fatal =
    last.kind === 'rule' ? last.target === 'DROP' || last.target === 'REJECT' : last.verdict === 'drop';
  return {
    mark: 'within',
    label,
    text: `${trail(rules)}: ${ruleBody(last.text)}`,
    ...(fatal && { tone: 'bad' }),
  };
}

/** `rule 3 → DOCKER-USER 1 → DOCKER 2`; long ones keep their first and last parts. */
function trail(rules: readonly Extract<Step, { kind: 'rule' | 'nft-rule' }>[]): string {
  const names = rules.map(
    (rule) => `${printable(rule.chain === rule.hook ? 'rule' : rule.chain)} ${rule.number}`,
  );
  const kept = names.length > 4 ? [...names.slice(0, 2), '…', ...names.slice(-1)] : names;
  return kept.join(' → ');
}

/** A rule without the `-A CHAIN` that it begins with. */
export function ruleBody(text: string): string {
  return printable(text.replace(/^-A\s+("[^"]*"|\S+)\s+/, ''));
}
