import type { Goal } from './goal.mjs';

export function goalLines(
  goals: readonly Goal[],
  recorded: Readonly<Record<string, number>> | undefined,
  binding: boolean,
): { readonly lines: readonly string[]; readonly failed: boolean };
