import type { Verdict } from '../verdict.ts';
import { type PrintContext, printRule } from './rule.ts';

/** A chain without a name (`jump { … }`) is printed where it is jumped to. */
export function printVerdict(verdict: Verdict, ctx: PrintContext): string {
  if (verdict.kind !== 'jump' && verdict.kind !== 'goto') return verdict.kind;
  const inner = /^__chain\d+$/.test(verdict.chain) ? ctx.chains.get(verdict.chain) : undefined;
  if (!inner || (ctx.depth ?? 0) > 8) return `${verdict.kind} ${verdict.chain}`;
  const depth = (ctx.depth ?? 0) + 1;
  const indent = '\t'.repeat(2 + depth);
  const rules = inner.rules.map((rule) => `${indent}${printRule(rule, { ...ctx, depth })}\n`).join('');
  return `${verdict.kind} {\n${rules}${indent.slice(1)}}`;
}
