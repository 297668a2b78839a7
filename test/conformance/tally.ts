/** Figures of a run, by profile. */
import { FIELDS } from './observation.ts';
import { type Result, wrongPackets } from './suite.ts';

export interface Tally {
  readonly seed: number;
  cases: number;
  packets: number;
  wrong: number;
  unknown: number;
  readonly fields: Record<string, number>;
}

export function emptyTally(seed: number): Tally {
  return {
    seed,
    cases: 0,
    packets: 0,
    wrong: 0,
    unknown: 0,
    fields: Object.fromEntries(FIELDS.map((field) => [field, 0])),
  };
}

export function addResult(tally: Tally, result: Result): void {
  tally.cases++;
  tally.packets += result.recording.stimuli.length;
  tally.wrong += wrongPackets(result);
  tally.unknown += result.unknown.filter((why) => why !== undefined).length;
  for (const field of new Set(result.disagreements.map((each) => each.field))) {
    tally.fields[field] = (tally.fields[field] ?? 0) + 1;
  }
}

const HEAD = ['profile', 'cases', 'packets', 'agree', '%', 'unknown', 'seeds from'];

function tableOf(tallies: ReadonlyMap<string, Tally>): string[][] {
  const rows = [...tallies].map(([name, tally]) => rowOf(name, tally));
  const all = emptyTally(0);
  for (const tally of tallies.values()) {
    for (const key of ['cases', 'packets', 'wrong', 'unknown'] as const) all[key] += tally[key];
  }
  return [HEAD, ...rows, [...rowOf('all', all).slice(0, -1), '']];
}

/** A table for people: every profile and all together. */
export function printTallies(tallies: ReadonlyMap<string, Tally>): string {
  const table = tableOf(tallies);
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  return table
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** The same for README, without the seeds. */
export function markdownTallies(tallies: ReadonlyMap<string, Tally>): string {
  const [head = [], ...rows] = tableOf(tallies).map((row) => row.slice(0, -1));
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function rowOf(name: string, { cases, packets, wrong, unknown, seed }: Tally): string[] {
  const agree = packets - wrong;
  const share = packets === 0 ? '-' : ((100 * agree) / packets).toFixed(2);
  return [name, cases, packets, agree, share, unknown, seed].map(String);
}
