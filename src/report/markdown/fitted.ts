/**
 * A report has to fit: GitHub takes issues and comments of 65,536 characters. They are counted here as bytes, which are never fewer. What
 * matters less is left out first, and said.
 */
import { plural } from '../facts.ts';

export const MOST_BYTES = 65_536;
/** For what is said of the rest. */
const RESERVE = 600;

export interface Section {
  readonly text: string;
  /** Lower ones matter more. */
  readonly rank: number;
  /** What it is one of, for what is said where it is left out: `finding`. */
  readonly noun: string;
  /** Without that one it isn't shown either. */
  readonly within?: Section;
}

/** The sections in their order, as many as there is room for. */
export function fitted(sections: readonly Section[], most = MOST_BYTES): string {
  const kept = new Set<Section>();
  let room = most - RESERVE;
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    const size = Buffer.byteLength(section.text) + 2;
    if (size > room || (section.within && !kept.has(section.within))) continue;
    kept.add(section);
    room -= size;
  }
  const texts = sections.filter((section) => kept.has(section)).map(({ text }) => text);
  const left = leftOut(sections.filter((section) => !kept.has(section)));
  return `${[...texts, ...(left === undefined ? [] : [left])].join('\n\n')}\n`;
}

/** What belongs to a finding that is left out is left out with it, and needs no words. */
function leftOut(sections: readonly Section[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { noun, within } of sections) {
    if (within && sections.includes(within)) continue;
    counts.set(noun, (counts.get(noun) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const list = [...counts].map(([noun, count]) => plural(count, noun)).join(', ');
  return `**Left out**, since an issue has room for 65,536 characters: ${list}. \`--format html\` has everything.`;
}
