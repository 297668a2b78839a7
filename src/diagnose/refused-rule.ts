/** Lines of a rules file that iptables doesn't take, and what they were to be. */
import { addTo } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import type { DumpInput, InputSet } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { isHandwritten } from '../snapshot/order.ts';
import { correctRule } from '../xtables/correct.ts';
import type { Rule, TableName } from '../xtables/rule.ts';
import { splitShell } from '../xtables/tokens.ts';
import type { Scene } from './case.ts';
import type { Command } from './cause.ts';

export interface RefusedRule {
  readonly namespace: string;
  readonly path: string;
  readonly line: number;
  readonly family: Family;
  readonly table: TableName;
  readonly text: string;
  readonly reasons: readonly string[];
  /** What was meant, in a form that iptables takes. */
  readonly corrected?: Command;
}

/**
 * Of files that somebody wrote. iptables-save prints what the kernel has taken already: a line of its that can't be read says
 * something about the reader.
 */
export function refusedRules({ inputs }: Pick<Scene, 'inputs'>): readonly RefusedRule[] {
  return refusedOf(inputs);
}

const refusedOf = once((inputs: InputSet) => inputs.dumps.filter(isHandwritten).flatMap(refusedIn));

function refusedIn({ dump, namespace }: DumpInput): RefusedRule[] {
  if (dump.content.kind !== 'ruleset') return [];
  const { ruleset } = dump.content;
  const byLine = new Map<number, string[]>();
  for (const { severity, line, text } of dump.issues) {
    if (severity === 'error' && line !== undefined) addTo(byLine, line, text);
  }
  return [...ruleset.tables.values()].flatMap(({ name: table, chains }) =>
    [...chains.values()].flatMap(({ rules }) =>
      rules.flatMap(({ text, span }: Rule) => {
        const reasons = byLine.get(span.line);
        if (!reasons) return [];
        const words = splitShell(text).map((word) => word.text);
        const meant = correctRule(words, table, ruleset.family);
        const corrected = meant === undefined ? undefined : { namespace, text: meant };
        const { path, line } = span;
        const place = { namespace, path, line, family: ruleset.family, table, text };
        return [{ ...place, reasons, ...(corrected && { corrected }) }];
      }),
    ),
  );
}
