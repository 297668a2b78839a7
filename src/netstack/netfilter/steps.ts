/** Rules as steps of a trace, and their counters. */
import type { Counters, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import type { State } from './walk-state.ts';

export function ruleStep(
  { walk: { base }, chain: { chain } }: State,
  rule: Rule,
  index: number,
): Extract<Step, { kind: 'rule' }> {
  return {
    kind: 'rule',
    hook: base.hook,
    table: base.table.name,
    chain: chain.name,
    number: index + 1,
    target: targetName(rule),
    text: rule.text,
    line: rule.span.line,
    path: rule.span.path,
  };
}

export function targetName(rule: Rule): string {
  const { target } = rule;
  switch (target?.kind) {
    case undefined:
      return '';
    case 'verdict':
      return target.verdict;
    case 'jump':
    case 'goto':
      return target.chain;
    case 'extension':
      return target.name;
  }
}

export function count<K>(counters: Map<K, Counters>, key: K, bytes: number): void {
  const counter = counters.get(key);
  if (counter) {
    counter.packets++;
    counter.bytes += bytes;
  } else counters.set(key, { packets: 1, bytes });
}
