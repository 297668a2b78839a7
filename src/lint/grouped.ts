/** One message for what is alike throughout a ruleset: the first place, and the others behind it. */
import type { Found } from './finding.ts';

export function groupedFound<T>(items: readonly T[], told: (items: readonly [T, ...T[]]) => Found): Found[] {
  const [first, ...rest] = items;
  return first === undefined ? [] : [told([first, ...rest])];
}

/** `1 rule`, `3 rules`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
