/**
 * Fixed cases: on this machine's kernel where that is possible (root, network namespaces), and as they were recorded anywhere.
 *
 *     NETTRACE_RECORD=router npx vitest run test/conformance/facts.test.ts    records a table again, both backends
 *     NETTRACE_FACTS=router npx vitest run test/conformance/facts.test.ts     only that table
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Case } from './case.ts';
import { casesOf, TABLES_OF_FACTS } from './facts.ts';
import { isPossible, Lab } from './kernel/lab.ts';
import type { Recording } from './recording.ts';
import { readRecordings, writeRecordings } from './recordings.ts';
import { judge, type Result, runCase, sayDisagreement } from './suite.ts';

const possible = isPossible();
const recording = process.env.NETTRACE_RECORD;
const only = recording ?? process.env.NETTRACE_FACTS;
const tables = TABLES_OF_FACTS.filter((table) => only === undefined || table === only);

const nameOf = ({ name, backend }: { name: string; backend: string }): string => `${name} (${backend})`;

function expectAgreement(result: Result): void {
  expect(result.disagreements.slice(0, 4).map((each) => sayDisagreement(result, each))).toEqual([]);
}

/** Live, one backend of each is enough; the recording holds both. */
function chosen(table: string): Case[] {
  const cases = casesOf(table);
  return recording !== undefined || table === 'found'
    ? cases
    : cases.filter((_, i) => i % 4 === 0 || i % 4 === 3);
}

describe.skipIf(!possible).each(tables)('%s on this kernel (needs root and network namespaces)', (table) => {
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
    expectAgreement(result);
  });
});

describe.skipIf(recording !== undefined).each(tables)('%s as recorded', (table) => {
  const recordings = readRecordings(table);
  it.each(recordings.map((each) => [nameOf(each), each] as const))('%s', (_, each) => {
    expectAgreement(judge(each));
  });
  it('has every case', () => {
    expect(recordings.map(nameOf)).toEqual(casesOf(table).map(nameOf));
  });
});
