/** Fixed cases on this machine's kernel. Two files share the tables, so that two workers run them side by side. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Case } from './case.ts';
import { casesOf, TABLES_OF_FACTS } from './facts.ts';
import { isPossible, Lab } from './kernel/lab.ts';
import type { Recording } from './recording.ts';
import { writeRecordings } from './recordings.ts';
import { runCase, sayDisagreement } from './suite.ts';

const possible = isPossible();
const recording = process.env.NETTRACE_RECORD;
const only = recording ?? process.env.NETTRACE_FACTS;

const nameOf = ({ name, backend }: { name: string; backend: string }): string => `${name} (${backend})`;

/** Live, one backend of each is enough; the recording holds both. */
function chosen(table: string): Case[] {
  const cases = casesOf(table);
  return recording !== undefined || table === 'found'
    ? cases
    : cases.filter((_, i) => i % 4 === 0 || i % 4 === 3);
}

/** Every other table, from the first or the second on. */
function half(which: 0 | 1): string[] {
  return TABLES_OF_FACTS.filter((table, at) => at % 2 === which && (only === undefined || table === only));
}

export function liveFacts(which: 0 | 1): void {
  if (half(which).length === 0) it.skip('of its tables none was asked for');
  describe.skipIf(!possible).each(half(which))(
    '%s on this kernel (needs root and network namespaces)',
    (table) => {
      let lab: Lab;
      const recordings: Recording[] = [];
      beforeAll(() => {
        lab = new Lab();
      });
      afterAll(() => {
        lab.close();
        if (recording !== undefined) writeRecordings(table, recordings);
      });
      it.each(chosen(table).map((each) => [nameOf(each), each] as const))('%s', async (_, each) => {
        const result = await runCase(lab, each);
        recordings.push(result.recording);
        expect(result.disagreements.slice(0, 4).map((one) => sayDisagreement(result, one))).toEqual([]);
      });
    },
  );
}
