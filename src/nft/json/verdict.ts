import type { Verdict } from '../verdict.ts';
import { isObject, type Json, textOf } from './value.ts';

const PLAIN = ['accept', 'drop', 'continue', 'return'] as const;

export function isVerdictKey(key: string): boolean {
  return PLAIN.some((each) => each === key) || key === 'jump' || key === 'goto';
}

/** `{"accept": null}`, `{"jump": {"target": "chain"}}`. */
export function verdictOf(key: string, value: Json): Verdict | undefined {
  const plain = PLAIN.find((each) => each === key);
  if (plain) return { kind: plain };
  const chain = isObject(value) ? textOf(value, 'target') : undefined;
  return chain !== undefined && (key === 'jump' || key === 'goto') ? { kind: key, chain } : undefined;
}
