/** README's column 'held against the kernel' says yes of what a generator or a fixed case puts into rules of that family. */
import { expect, it } from 'vitest';
import type { Family } from '../../src/net/ip.ts';
import { allMatches } from '../../src/xtables/matches.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { allTargets } from '../../src/xtables/targets.ts';
import type { Case } from './case.ts';
import { casesOf, TABLES_OF_FACTS } from './facts.ts';
import { MATCH_WORDS } from './generate/match-rules.ts';
import { TARGET_WORDS } from './generate/target-rules.ts';
import { PROFILES } from './profiles.ts';
import { Random } from './random.ts';

/** Seeds of each profile: enough for every word of the generators to turn up, and the same ones each time. */
const SEEDS = 60;

const used = new Set<string>();
const use = (what: string, name: string, family: Family): unknown => used.add(`${what} ${name} ${family}`);

for (const { name, families = [4, 6] as const } of MATCH_WORDS)
  for (const family of families) use('-m', name, family);
for (const { name, families = [4, 6] as const } of TARGET_WORDS)
  for (const family of families) use('-j', name, family);
for (const table of TABLES_OF_FACTS) casesOf(table).forEach(collect);
for (const profile of Object.values(PROFILES)) {
  for (let seed = 1; seed <= SEEDS; seed++) collect({ name: '', ...profile(new Random(seed)) });
}

function collect({ rules }: Case): void {
  for (const { ip4, ip6 } of Object.values(rules)) {
    collectText(ip4, 4);
    collectText(ip6, 6);
  }
}

function collectText(text: string | undefined, family: Family): void {
  if (text === undefined) return;
  for (const { chains } of parseSave(text, 'rules', { family }).ruleset.tables.values()) {
    for (const { rules } of chains.values()) {
      for (const { matches, target } of rules) {
        for (const { name } of matches) use('-m', name, family);
        if (target?.kind === 'extension') use('-j', target.name, family);
      }
    }
  }
}

const claims = [
  ...allMatches().map((definition) => ({ what: '-m', definition })),
  ...allTargets().map((definition) => ({ what: '-j', definition })),
].filter(({ definition: { support } }) => support.decided === true || 'with' in support.decided);

it('is true of every extension that the model decides', () => {
  const missing = claims.flatMap(({ what, definition: { name, support, families = [4, 6] as const } }) =>
    families
      .filter((family) => support.untried === undefined && !used.has(`${what} ${name} ${family}`))
      .map((family) => `${what} ${name} of IPv${family}`),
  );
  expect(missing).toEqual([]);
});
