/** State of matches that remember packets: limit, statistic, quota by rule; recent, hashlimit by name. */
import type { MatchContext } from './context.ts';

/** Seconds that passed between two packets, by jiffies where the kernel reckons with them. */
export function elapsed({ namespace }: MatchContext, from: number, to: number): number {
  return namespace.elapsed?.(from, to) ?? Math.max(0, to - from);
}

/** The slot of one match in one rule. */
export function ruleState<T>(ctx: MatchContext, info: object, make: () => T): T {
  const slots = (ctx.state.rule.get(ctx.rule) ?? new Map()) as Map<object, T>;
  ctx.state.rule.set(ctx.rule, slots);
  const found = slots.get(info);
  if (found !== undefined) return found;
  const made = make();
  slots.set(info, made);
  return made;
}

/** What all rules of a ruleset share by name. */
export function sharedState<T>(ctx: MatchContext, key: string, make: () => T): T {
  const found = ctx.state.shared.get(key) as T | undefined;
  if (found !== undefined) return found;
  const made = make();
  ctx.state.shared.set(key, made);
  return made;
}
