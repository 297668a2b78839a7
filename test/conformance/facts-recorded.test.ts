/** Fixed cases as they were recorded on a kernel: the model agrees, on any machine. `NETTRACE_FACTS=router`: only that table. */
import { describe, expect, it } from 'vitest';
import { casesOf, TABLES_OF_FACTS } from './facts.ts';
import { readRecordings } from './recordings.ts';
import { judge, sayDisagreement } from './suite.ts';

const only = process.env.NETTRACE_FACTS;
/** What is being recorded again is not held against what was. */
const tables = TABLES_OF_FACTS.filter(
  (table) => (only === undefined || table === only) && process.env.NETTRACE_RECORD === undefined,
);

const nameOf = ({ name, backend }: { name: string; backend: string }): string => `${name} (${backend})`;

describe.each(tables)('%s as recorded', (table) => {
  const recordings = readRecordings(table);
  it.each(recordings.map((each) => [nameOf(each), each] as const))('%s', (_, each) => {
    const result = judge(each);
    expect(result.disagreements.slice(0, 4).map((one) => sayDisagreement(result, one))).toEqual([]);
  });
  it('has every case', () => {
    expect(recordings.map(nameOf)).toEqual(casesOf(table).map(nameOf));
  });
});
