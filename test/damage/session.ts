/** Runs one after the other, and what came of them. */
import { corpus } from './corpus.ts';
import { type Kind, type Outcome, Runs } from './run.ts';

export interface Settings {
  readonly seed: number;
  /** A part of the paths of files that are damaged. */
  readonly only?: string;
}

export interface Figures {
  runs: number;
  /** Records and packets that had to be read. */
  held: number;
  readonly kinds: Partial<Record<Kind, number>>;
}

/** Takes numbers of runs until there are none; `onOutcome` is called with every loss. */
export async function session(
  { seed, only }: Settings,
  next: () => number | undefined,
  onOutcome: (number: number, outcome: Outcome) => void,
): Promise<Figures> {
  const runs = new Runs(corpus(only), seed);
  const figures: Figures = { runs: 0, held: 0, kinds: {} };
  for (let number = next(); number !== undefined; number = next()) {
    const outcome = await runs.run(number);
    figures.runs++;
    figures.held += outcome.held;
    figures.kinds[outcome.kind] = (figures.kinds[outcome.kind] ?? 0) + 1;
    if (outcome.lost.length > 0 || outcome.thrown !== undefined) onOutcome(number, outcome);
  }
  return figures;
}

/** A loss by what it is of, so that the same is told once. */
export function signature({ kind, path, lost, thrown }: Outcome): string {
  if (thrown !== undefined) return thrown.split('\n').slice(0, 3).join('\n');
  const form = lost.find((text) => text.startsWith('read as')) ?? '';
  return `${kind} ${path} ${form}`;
}
