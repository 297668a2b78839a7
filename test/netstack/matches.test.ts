/**
 * Every match against the kernel of this machine, option by option.
 *
 *     NETTRACE_SEED=4711 NETTRACE_MATCH=sctp npx vitest run test/netstack/matches.test.ts
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPossible, Lab } from './support/live.ts';
import { type Backend, compare, type LiveCase, record } from './support/live-case.ts';
import { matchCase } from './support/match-case.ts';
import { MATCH_WORDS } from './support/match-rules.ts';

const seed = Number(process.env.NETTRACE_SEED ?? Date.now() % 100000);
const only = process.env.NETTRACE_MATCH ? process.env.NETTRACE_MATCH.split(',') : undefined;

const cases = MATCH_WORDS.filter(({ name }) => only === undefined || only.includes(name)).flatMap(
  (words, i) =>
    (words.families ?? ([4, 6] as const)).flatMap((family) =>
      (['nft', 'legacy'] as const).map((backend) => ({
        live: matchCase(words, family, seed + i),
        backend,
        name: `${words.name} IPv${family} ${backend} seed ${seed + i}`,
      })),
    ),
);

/** What becomes of such packets further on is not the question here. */
async function disagreements(lab: Lab, live: LiveCase, backend: Backend): Promise<string[]> {
  const differences = compare(await record(lab, live, backend));
  return differences.filter((each) => /^IPv[46] mangle \S+ \d/.test(each));
}

describe.skipIf(!isPossible())('this kernel', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = new Lab();
    await lab.open();
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }, 30_000);
  afterAll(() => lab.close());

  it.each(cases)(
    '$name',
    async ({ name, live, backend }) => {
      const differences = await disagreements(lab, live, backend);
      if (differences.length > 0 && process.env.NETTRACE_EACH) {
        for (const packet of live.packets) {
          const found = await disagreements(lab, { ...live, packets: [packet] }, backend);
          if (found.length > 0) console.log(name, Buffer.from(packet.skb.bytes).toString('hex'), found);
        }
      }
      expect(differences).toEqual([]);
    },
    60_000,
  );
});
