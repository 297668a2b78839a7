export interface Goal {
  readonly name: string;
  readonly value: number | undefined;
  readonly most?: number;
  readonly least?: number;
}
export type Verdict = 'missed' | 'worse' | 'met' | 'no target' | 'not measured';
export const NOISE: number;
export function judge(goal: Goal, recorded: number | undefined): Verdict;
export function ratio(ours: number | undefined, theirs: number | undefined): number | undefined;
export function figure(value: number | undefined): string;
