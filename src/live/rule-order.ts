/** Chains in the order in which packets meet them. */
import { NFT_FAMILIES, NFT_HOOKS } from '../nft/ruleset.ts';
import type { ChainForm } from './rule-file.ts';

/** Base chains by hook and priority, each followed by the chains that its rules lead to; those that nothing leads to come last. */
export function inOrder(chains: readonly ChainForm[]): ChainForm[] {
  const byName = new Map(chains.map((chain) => [keyOf(chain, chain.chain), chain]));
  const placed = new Set<ChainForm>();
  const place = (first: ChainForm): void => {
    // A stack, since chains may lead from one to the next a thousand times.
    const waiting = [first];
    for (let chain = waiting.pop(); chain; chain = waiting.pop()) {
      if (placed.has(chain)) continue;
      placed.add(chain);
      const of = chain;
      waiting.push(...of.jumps.flatMap((name) => byName.get(keyOf(of, name)) ?? []).toReversed());
    }
  };
  for (const base of chains.filter(({ hook }) => hook !== undefined).toSorted(compare)) place(base);
  for (const chain of chains) place(chain);
  return [...placed];
}

function keyOf({ by, family, table }: ChainForm, chain: string): string {
  return `${by} ${family} ${table} ${chain}`;
}

function compare(left: ChainForm, right: ChainForm): number {
  const hook = ({ hook: name }: ChainForm) => (NFT_HOOKS as readonly string[]).indexOf(name ?? '');
  const family = ({ family: name }: ChainForm) => NFT_FAMILIES.indexOf(name);
  return (
    hook(left) - hook(right) || (left.priority ?? 0) - (right.priority ?? 0) || family(left) - family(right)
  );
}
