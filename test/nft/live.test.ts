/**
 * nft rulesets through the kernel of this machine and through the model (root, nft, python3).
 *
 *     NETTRACE_SEED=4711 NETTRACE_CASES=100 npx vitest run test/nft/live.test.ts    tries other random cases
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPossible, Lab } from '../netstack/support/live.ts';
import { Random } from '../netstack/support/random.ts';
import { answers, randomPacket } from '../netstack/support/random-packets.ts';
import { rulesetFromJson } from './support/from-json.ts';
import { compareNft, type NftCase, recordNft } from './support/nft-case.ts';
import { randomRuleset } from './support/random-ruleset.ts';

const first = Number(process.env.NETTRACE_SEED ?? 1);
const amount = Number(process.env.NETTRACE_CASES ?? 4);
const every = process.env.NETTRACE_EVERY !== undefined;

function randomCase(seed: number): NftCase {
  const random = new Random(seed);
  return {
    name: `seed ${seed}`,
    ruleset: randomRuleset(random),
    packets: Array.from({ length: 30 }, () => randomPacket(random)),
    follow: answers(random, 40),
  };
}

describe.skipIf(!isPossible())('nft in this kernel (needs root, nft and python3)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = new Lab();
    await lab.open();
    // Fresh links announce themselves for a while.
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }, 30_000);
  afterAll(() => lab.close());

  it.each(Array.from({ length: amount }, (_, i) => first + i))(
    'seed %i',
    async (seed) => {
      const recording = await recordNft(lab, randomCase(seed), every);
      const result = compareNft(recording, ({ before }) => rulesetFromJson(before));
      if (every && result.differences.length > 0) console.log(recording.text);
      console.log(
        `seed ${seed}: ${result.packets} packets, ${result.wrong} wrong, ${result.undecided} undecided, ${recording.refused} rules refused${result.unread.length ? `, unread ${result.unread.join('\n')}` : ''}`,
      );
      expect(result.differences).toEqual([]);
    },
    60_000,
  );
});
