/**
 * Bridges and devices against the kernel of this machine (root, iptables-nft, python3), or what it was recorded to do.
 *
 *     NETTRACE_RECORD=1 npx vitest run test/netstack/bench    records recorded/bench.jsonl.gz again
 *     NETTRACE_ONLY=hairpin npx vitest run test/netstack/bench   only the cases with that in their name, all of them live
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPossible } from '../../conformance/kernel/lab.ts';
import { loadRecordings, storeRecordings } from '../../support/recordings.ts';
import { Bench, type BenchRecording } from './bench.ts';
import { BENCH_CASES } from './cases.ts';
import { compareBench } from './compare.ts';

const RECORDED = new URL('../recorded/bench.jsonl.gz', import.meta.url);
const recorded = loadRecordings<BenchRecording>(RECORDED);

const recording = process.env.NETTRACE_RECORD !== undefined;
const only = process.env.NETTRACE_ONLY;

/** Without a wish: one case in eight, so that every run has a look at the kernel. */
const chosen = BENCH_CASES.filter(({ name }, i) =>
  only === undefined ? recording || i % 8 === 0 : name.includes(only),
).map((kase) => [kase.name, kase] as const);

describe.skipIf(!isPossible())('this kernel (needs root, iptables-nft and python3)', () => {
  let bench: Bench;
  const recordings: BenchRecording[] = [];
  beforeAll(() => {
    bench = new Bench();
  });
  afterAll(() => {
    bench.close();
    if (recording) storeRecordings(RECORDED, recordings);
  });

  it.each(chosen)(
    '%s',
    async (_, kase) => {
      const seen = await bench.record(kase);
      recordings.push(seen);
      expect(compareBench(seen)).toEqual([]);
    },
    30_000,
  );
});

describe('recorded', () => {
  it('every case', () => {
    const names = recorded.map(({ name }) => name);
    expect(BENCH_CASES.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(recorded.map((each) => [each.name, each] as const))('%s', (_, seen) => {
    expect(compareBench(seen)).toEqual([]);
  });
});
