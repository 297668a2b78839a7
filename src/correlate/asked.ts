/** Which flows a filter asks for. The others are kept to compare with; nothing is told of them. */
import type { Filter } from '../filter/filter.ts';
import { compileFilter } from '../filter/match.ts';
import type { CountedFlows } from './counted.ts';
import type { Flow } from './flow.ts';
import type { Sieve } from './sieve/sieve.ts';

export interface Asked {
  readonly filter: Filter;
  readonly flows: ReadonlySet<Flow>;
  /** How many that are, those among them that were only counted; of how many in all. */
  readonly matched: number;
  readonly of: number;
  /** Beside those: conversations for which there was no memory, so that nobody knows whether they are. */
  readonly forgotten: number;
}

/** `begin`: epoch seconds of the first packet. */
export function askedFlows(
  filter: Filter,
  flows: readonly Flow[],
  begin: number,
  sieved?: { readonly sieve: Sieve; readonly counted: CountedFlows },
): Asked {
  const test = compileFilter(filter, begin);
  const matching = new Set(
    flows.filter(({ protocol, legs, start, end }) =>
      test({ faces: legs.map(({ client, server }) => ({ protocol, client, server })), start, end }),
    ),
  );
  const matched = matching.size + (sieved?.counted.count ?? 0);
  const others = flows.length - matching.size;
  // What tunnels and fragments hold is in no record.
  const leftOut = sieved?.sieve.leftOut;
  const sampled = leftOut && leftOut.beside < leftOut.flows;
  const left = sampled ? leftOut.flows + Math.max(0, others - leftOut.beside) : others;
  return { filter, flows: matching, matched, of: matched + left, forgotten: leftOut?.forgotten ?? 0 };
}
