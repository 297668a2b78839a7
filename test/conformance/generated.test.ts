/**
 * Generated cases, fresh ones with every run, on the kernel and on the model.
 *
 *     npm run test:kernel                                    some of every profile
 *     NETTRACE_PACKETS=10000 npm run test:kernel             so many packets in all
 *     NETTRACE_PROFILE=router NETTRACE_SEED=4711 …           one profile, from that seed on
 *     NETTRACE_KEEP=1 …                                      what disagrees is made small and kept in found/
 *     NETTRACE_FIGURES=1 …                                   the figures go into README
 *     NETTRACE_SHRINK=0 …                                    so many failing cases are made small (2)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Case } from './case.ts';
import { keepRow, rowOf } from './found.ts';
import { isPossible, Lab } from './kernel/lab.ts';
import { PROFILES } from './profiles.ts';
import { Random } from './random.ts';
import { flattened, shrink } from './shrink.ts';
import { runCase, sayDisagreement, wrongPackets } from './suite.ts';
import { addResult, emptyTally, markdownTallies, printTallies, type Tally } from './tally.ts';

const possible = isPossible();
const profiles = Object.entries(PROFILES).filter(
  ([name]) => process.env.NETTRACE_PROFILE === undefined || process.env.NETTRACE_PROFILE === name,
);
const PACKETS = Number(process.env.NETTRACE_PACKETS ?? 1500) / Math.max(1, profiles.length);
const SEED = Number(process.env.NETTRACE_SEED ?? Date.now() % 1_000_000_000);
/**
 * Packets of a profile that may differ, in a run that is long enough to say so one in a thousand. In a short one a case, whose first difference makes the rest of its packets differ, may fail.
 */
const LONG = 5000;
const CASE = 80;
const tolerated = PACKETS >= LONG ? PACKETS / 1000 : Math.max(CASE, PACKETS / 100);
/** Failing cases that are made small: each takes many runs. */
const SHRUNK = Number(process.env.NETTRACE_SHRINK ?? 2);

function showInReadme(tallies: ReadonlyMap<string, Tally>): void {
  const readme = readFileSync('README.md', 'utf8');
  const command = `NETTRACE_PACKETS=${PACKETS * profiles.length} NETTRACE_SEED=${SEED} npm run test:kernel`;
  const shown = `<!-- figures -->\n    ${command}\n\n${markdownTallies(tallies)}\n<!-- /figures -->`;
  writeFileSync(
    'README.md',
    readme.replace(/<!-- figures -->[\s\S]*<!-- \/figures -->/, () => shown),
  );
}

describe.skipIf(!possible)('generated cases on this kernel (needs root and network namespaces)', () => {
  let lab: Lab;
  const tallies = new Map<string, Tally>();
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => {
    lab.close();
    console.log(printTallies(tallies));
    if (process.env.NETTRACE_FIGURES) showInReadme(tallies);
  });

  it.each(profiles)(
    '%s',
    async (name, profile) => {
      const tally = emptyTally(SEED);
      tallies.set(name, tally);
      const failures: string[] = [];
      let shrunk = 0;
      for (let seed = SEED; tally.packets < PACKETS; seed++) {
        const of: Case = { name: `${name} ${seed}`, ...profile(new Random(seed)) };
        const result = await runCase(lab, of);
        addResult(tally, result);
        const [first] = result.disagreements;
        if (!first) continue;
        failures.push(sayDisagreement(result, first));
        if (shrunk++ >= SHRUNK) continue;
        const small = await shrink(flattened(of, result.recording), async (smaller) => {
          try {
            return wrongPackets(await runCase(lab, smaller)) > 0;
          } catch {
            // Rules that no longer load are no smaller case.
            return false;
          }
        });
        const again = await runCase(lab, small);
        failures.push(
          ...again.disagreements.slice(0, 2).map((each) => sayDisagreement(again, each)),
          rowOf(small, ''),
        );
        if (process.env.NETTRACE_KEEP) keepRow(small, failures.at(-2) ?? '');
      }
      // Also what is tolerated is told.
      if (failures.length > 0) console.log(failures.join('\n'));
      expect(tally.wrong, `seeds from ${SEED}\n${failures.join('\n')}`).toBeLessThanOrEqual(tolerated);
      expect(tally.unknown, 'packets that the model left undecided').toBeLessThanOrEqual(
        Math.max(CASE, tally.packets / 100),
      );
    },
    25 * 60_000,
  );
});
