/** The nft base chains of a namespace by hook (struct nft_base_chain), and what their rules remember. */
import { once } from '../../base/memo.ts';
import type { BaseHook, NftChain, NftFamily, NftHook, NftRuleset, NftTable } from '../../nft/ruleset.ts';
import { createNftState, type NftState } from '../../nft/state.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import type { Ruleset } from '../../xtables/rule.ts';

export interface NftBase {
  readonly table: NftTable;
  readonly chain: NftChain;
  readonly base: BaseHook;
  /** Place in order of registration: of equal priority, what came later is asked first. */
  readonly order: number;
}

/** One a namespace: sets and limits of inet tables are the same for both families. */
export interface NftNet {
  readonly ruleset: NftRuleset | undefined;
  readonly bases: readonly NftBase[];
  readonly state: NftState;
}

const CHAINS_A_TABLE = 0x10000;

export function createNftNet(netns: Netns): NftNet {
  return { ruleset: netns.nft, bases: nftBases(netns), state: createNftState() };
}

export const nftBases = once((netns: Netns): readonly NftBase[] =>
  (netns.nft?.tables ?? []).flatMap((table, t) => {
    if (table.flags.includes('dormant') || isCovered(netns, table)) return [];
    return table.chains.flatMap((chain, c): NftBase[] =>
      chain.base ? [{ table, chain, base: chain.base, order: t * CHAINS_A_TABLE + c }] : [],
    );
  }),
);

/** Tables that iptables-save shows are run from there, where a rule's extensions can be read. */
export function isCovered(netns: Netns, table: NftTable): boolean {
  if (!table.iptables || (table.family !== 'ip' && table.family !== 'ip6')) return false;
  const rulesets = table.family === 'ip' ? netns.rulesets4 : netns.rulesets6;
  return (rulesets ?? []).some(
    ({ backend, tables }) => backend === 'nft' && [...tables.keys()].some((name) => name === table.name),
  );
}

/** Where an iptables-nft chain stands among the nft chains, when the nft dump shows it too; legacy tables are taken as older. */
export function orderOf(netns: Netns, ruleset: Ruleset, table: string, chain: string): number {
  if (ruleset.backend === 'legacy') return -2;
  const tables = netns.nft?.tables ?? [];
  const family: NftFamily = ruleset.family === 4 ? 'ip' : 'ip6';
  const t = tables.findIndex((each) => each.family === family && each.name === table);
  const c = tables[t]?.chains.findIndex((each) => each.name === chain) ?? -1;
  return t < 0 ? -1 : t * CHAINS_A_TABLE + Math.max(c, 0);
}

/** Chains on a hook of the IP layer. */
export function basesOf(netns: Netns, family: 4 | 6, hook: NftHook): NftBase[] {
  const own: NftFamily = family === 4 ? 'ip' : 'ip6';
  return nftBases(netns).filter(
    ({ table, base }) => base.hook === hook && (table.family === own || table.family === 'inet'),
  );
}

/** Chains on bridges' hooks, in the order they are asked. */
export function bridgeBases(net: NftNet, hook: NftHook): NftBase[] {
  return sortBases(net.bases.filter(({ table, base }) => table.family === 'bridge' && base.hook === hook));
}

/** Chains on a device's own hook: of netdev tables, and ingress of inet tables. */
export function deviceBases(net: NftNet, device: string, hook: 'ingress' | 'egress'): NftBase[] {
  return sortBases(
    net.bases.filter(
      ({ table, base }) =>
        base.hook === hook &&
        (table.family === 'netdev' || table.family === 'inet') &&
        base.devices.some((name) =>
          name.endsWith('*') ? device.startsWith(name.slice(0, -1)) : name === device,
        ),
    ),
  );
}

export function sortBases(bases: readonly NftBase[]): NftBase[] {
  return bases.toSorted((a, b) => a.base.priority - b.base.priority || b.order - a.order);
}
