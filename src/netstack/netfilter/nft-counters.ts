/** What the model counted in nft rules: the counters that `nft list ruleset` would show after the same traffic, from zero. */
import type { NftFamily } from '../../nft/ruleset.ts';
import type { Counters } from '../../xtables/rule.ts';
import type { NftNet } from './nft-chains.ts';

export interface NftCount extends Counters {
  readonly family: NftFamily;
  readonly table: string;
  readonly chain: string;
  /** From 1 within the chain. */
  readonly number: number;
  readonly handle?: number;
}

export interface NftObjectCount extends Counters {
  readonly family: NftFamily;
  readonly table: string;
  /** Of the named counter. */
  readonly name: string;
}

/** Rules with a counter, whatever chain they stand in. */
export function nftCounters({ ruleset, state }: NftNet): NftCount[] {
  return (ruleset?.tables ?? []).flatMap((table) =>
    table.chains.flatMap((chain) =>
      chain.rules.flatMap((rule, index): NftCount[] => {
        const counter = rule.statements.find(({ kind }) => kind === 'counter');
        if (!counter) return [];
        const { family, name } = table;
        const handle = rule.handle === undefined ? {} : { handle: rule.handle };
        const place = { family, table: name, chain: chain.name, number: index + 1, ...handle };
        return [{ ...place, ...countersOf(state.records.get(counter)?.get('')) }];
      }),
    ),
  );
}

export function nftObjectCounters({ ruleset, state }: NftNet): NftObjectCount[] {
  return (ruleset?.tables ?? []).flatMap(({ family, name: table, objects }) =>
    objects.flatMap((object): NftObjectCount[] =>
      object.kind === 'counter'
        ? [{ family, table, name: object.name, ...countersOf(state.records.get(object)?.get('')) }]
        : [],
    ),
  );
}

function countersOf(record: Record<string, unknown> | undefined): Counters {
  return { packets: Number(record?.packets ?? 0), bytes: Number(record?.bytes ?? 0) };
}
