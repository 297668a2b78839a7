/**
 * The model against the kernel of this machine, in network namespaces of its own (root, iptables, python3).
 *
 *     NETTRACE_SEED=4711 npx vitest run test/netstack/live.test.ts    tries other random cases
 *     NETTRACE_RECORD=1 npx vitest run test/netstack/live.test.ts     records recorded/kernel.jsonl.gz again
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASES } from './support/cases.ts';
import { isPossible, Lab } from './support/live.ts';
import { type Backend, compare, type LiveCase, type Recording, record } from './support/live-case.ts';
import { randomCase } from './support/random-case.ts';
import { writeRecordings } from './support/recordings.ts';

const possible = isPossible();
const recording = process.env.NETTRACE_RECORD !== undefined;
const RECORDED_SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);

const ALWAYS = new Set([
  'forwarded both ways, and what TTL ends',
  'MASQUERADE',
  'chains, goto, REJECT and policies',
  'bridged and translated',
  'TCP connection and what doesn’t belong to it',
]);

function chosen(): [string, LiveCase, Backend][] {
  if (recording) {
    return [
      ...CASES.flatMap((each) =>
        (['nft', 'legacy'] as const).map((backend): [string, LiveCase, Backend] => [
          each.name,
          each,
          backend,
        ]),
      ),
      ...RECORDED_SEEDS.map((seed): [string, LiveCase, Backend] => [
        `seed ${seed}`,
        randomCase(seed),
        seed % 2 === 1 ? 'nft' : 'legacy',
      ]),
    ];
  }
  const fixed = CASES.filter(({ name }) => ALWAYS.has(name));
  const seed = Number(process.env.NETTRACE_SEED ?? 1001);
  return [
    ...fixed.map((each, i): [string, LiveCase, Backend] => [each.name, each, i % 2 === 0 ? 'nft' : 'legacy']),
    [`seed ${seed}`, randomCase(seed), 'nft'],
    [`seed ${seed + 1}`, randomCase(seed + 1), 'legacy'],
  ];
}

describe.skipIf(!possible)('this kernel (needs root, iptables-nft, iptables-legacy and python3)', () => {
  let lab: Lab;
  const recordings: Recording[] = [];
  beforeAll(async () => {
    lab = new Lab();
    await lab.open();
    // Fresh links announce themselves for a while.
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }, 30_000);
  afterAll(() => {
    lab.close();
    if (recording) writeRecordings(recordings);
  });

  it.each(chosen())(
    '%s',
    async (_, live, backend) => {
      const seen = await record(lab, live, backend);
      recordings.push(seen);
      expect(compare(seen)).toEqual([]);
    },
    30_000,
  );
});
