import { expect, it } from 'vitest';
import { registry as matches } from '../../src/xtables/matches.ts';
import { registry as targets } from '../../src/xtables/targets.ts';

const BOTH = [4, 6] as const;

it.each([
  ['match', matches],
  ['target', targets],
] as const)('a %s is registered as what it says it is', (_, registry) => {
  for (const [definition, name, families = BOTH, ...aliases] of registry.rows) {
    const made = definition();
    expect([made.name, made.families ?? [4, 6], made.aliases ?? []]).toEqual([name, families, aliases]);
    for (const family of families)
      for (const each of [name, ...aliases]) expect(registry.find(each, family)).toBe(made);
  }
  const names = registry.rows.flatMap(([, name, families = BOTH]) =>
    families.map((each) => `${each} ${name}`),
  );
  expect(new Set(names).size).toBe(names.length);
});

it('a definition is made once', () => {
  expect(matches.find('tcp', 4)).toBe(matches.find('tcp', 6));
  expect(matches.find('icmp', 6)).toBeUndefined();
  expect([matches.has('icmp', 4), matches.has('icmp', 6)]).toEqual([true, false]);
});
