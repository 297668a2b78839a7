/** Which generation of Docker wrote the rules that are there: told from its chains. */
import type { NftRuleset } from '../../nft/ruleset.ts';
import type { Ruleset } from '../../xtables/rule.ts';

/**
 * `stages`: 17.06 to 27, DOCKER and the isolation chains, all jumps in FORWARD. `ipset`: 28.0.0, jumps by a set of bridges.
 * `forward`: 28.0.1 and newer, DOCKER-FORWARD with DOCKER-CT, -BRIDGE and -INTERNAL. `nftables`: 29 with
 * `"firewall-backend": "nftables"`, tables of its own.
 */
export type Generation = 'stages' | 'ipset' | 'forward' | 'nftables';

export const GENERATION_NAMES: Readonly<Record<Generation, string>> = {
  stages: 'Docker 17.06 to 27',
  ipset: 'Docker 28.0.0',
  forward: 'Docker 28.0.1 or newer',
  nftables: 'Docker with its nftables backend',
};

export const NFT_TABLE = 'docker-bridges';

/** Undefined where none of its chains tells: Docker's rules are all gone, or it never wrote any. */
export function generationOf(
  rulesets: readonly Ruleset[],
  nft: NftRuleset | undefined,
): Generation | undefined {
  if (nft?.tables.some(({ name }) => name === NFT_TABLE)) return 'nftables';
  const filters = rulesets.flatMap(({ tables }) => tables.get('filter') ?? []);
  if (filters.some(({ chains }) => chains.has('DOCKER-FORWARD'))) return 'forward';
  const forward = filters.flatMap(({ chains }) => chains.get('FORWARD')?.rules ?? []);
  if (forward.some(({ text }) => text.includes('docker-ext-bridges-v'))) return 'ipset';
  if (filters.some(({ chains }) => chains.has('DOCKER-ISOLATION-STAGE-1'))) return 'stages';
  return undefined;
}

/** Some chain that Docker makes, apart from the one that it leaves to others. */
export function hasDockerChains(rulesets: readonly Ruleset[]): boolean {
  return rulesets.some(({ tables }) =>
    [...tables.values()].some(({ chains }) =>
      [...chains.keys()].some((name) => /^DOCKER(-(?!USER)|$)/.test(name)),
    ),
  );
}

/** Without the userland proxy Docker has the kernel turn packets back (hairpin), and translates 127.0.0.0/8 as well. */
export function hairpinOf(rulesets: readonly Ruleset[], proxies: boolean): boolean | undefined {
  for (const { tables } of rulesets) {
    const jump = tables
      .get('nat')
      ?.chains.get('OUTPUT')
      ?.rules.find(({ target }) => target?.kind === 'jump' && target.chain === 'DOCKER');
    if (jump) return jump.destination === undefined;
  }
  return proxies ? false : undefined;
}
