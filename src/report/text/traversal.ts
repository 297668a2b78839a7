/** The rules of one table at one hook, folded into a line: which rules it went through, and what the last one says. */
import { printable } from '../../base/printable.ts';
import type { Step } from '../../netstack/hop.ts';
import type { RailRow } from './rail.ts';

/** `  (rules.v4:12)`, or nothing where places are not shown. */
export type Places = (step: { readonly path?: string; readonly line?: number }) => string;

export const NO_PLACES: Places = () => '';

type TableStep = Extract<Step, { kind: 'rule' | 'policy' }>;

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
    if (step.kind !== 'rule' && step.kind !== 'policy') {
      close();
      parts.push(step);
      continue;
    }
    const last = open.at(-1);
    if (last && (last.table !== step.table || last.hook !== step.hook)) close();
    open.push(step);
  }
  close();
  return parts;
}

function rowOf(steps: readonly TableStep[]): RailRow | undefined {
  const last = steps.at(-1);
  if (!last) return undefined;
  const rules = steps.filter((step) => step.kind === 'rule');
  const label = `${last.table} ${last.hook}`;
  if (last.kind === 'policy') {
    if (rules.length === 0 && last.verdict === 'ACCEPT') return undefined;
    const after = rules.length === 0 ? '' : `, after ${trail(rules)}`;
    return {
      mark: 'within',
      label,
      text: `policy ${last.verdict}${after}`,
      ...(last.verdict === 'DROP' && { tone: 'bad' }),
    };
  }
  const fatal = last.target === 'DROP' || last.target === 'REJECT';
  return {
    mark: 'within',
    label,
    text: `${trail(rules)}: ${ruleBody(last.text)}`,
    ...(fatal && { tone: 'bad' }),
  };
}

/** `rule 3 → DOCKER-USER 1 → DOCKER 2`; long ones keep their first and last parts. */
function trail(rules: readonly Extract<Step, { kind: 'rule' }>[]): string {
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
