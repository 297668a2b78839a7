/** Fixed cases: each shows something that the kernel does, and that the model has to do as well. */
import type { Backend, Case } from './case.ts';
import { answerFacts } from './facts/answers.ts';
import { conntrackFacts } from './facts/conntrack.ts';
import { crossingFacts } from './facts/crossings.ts';
import { extensionFacts } from './facts/extensions.ts';
import { hashFacts } from './facts/hashes.ts';
import { helperFacts } from './facts/helpers.ts';
import { hostsFacts } from './facts/hosts.ts';
import { ipsetFacts } from './facts/ipset.ts';
import { matchingFacts } from './facts/matching.ts';
import { nftablesFacts } from './facts/nftables.ts';
import { replayFacts } from './facts/replay.ts';
import { reversePathFacts } from './facts/reverse-path.ts';
import { routerFacts } from './facts/router.ts';
import { routingFacts } from './facts/routing.ts';
import { socketFacts } from './facts/sockets.ts';
import { targetFacts } from './facts/targets.ts';
import { tunnelFacts } from './facts/tunnels.ts';
import { foundCases } from './found.ts';

export type Fact = Omit<Case, 'backend'> & {
  /** Where it was written down first, if it was: section and, in a numbered list, the number. */
  readonly about?: string;
};

/** Each table has a recording of its own: recorded/NAME.jsonl.gz. */
export const FACTS: Readonly<Record<string, readonly Fact[]>> = {
  router: routerFacts,
  ipset: ipsetFacts,
  extensions: extensionFacts,
  targets: targetFacts,
  replay: replayFacts,
  conntrack: conntrackFacts,
  'reverse-path': reversePathFacts,
  hosts: hostsFacts,
  crossings: crossingFacts,
  hashes: hashFacts,
  sockets: socketFacts,
  nftables: nftablesFacts,
  routing: routingFacts,
  answers: answerFacts,
  helpers: helperFacts,
  matching: matchingFacts,
  tunnels: tunnelFacts,
};

export const BACKENDS: readonly Backend[] = ['nft', 'legacy'];

/** Every case of a table, with both backends. `found` is the table of what once disagreed. */
export function casesOf(table: string): Case[] {
  if (table === 'found') return foundCases();
  return (FACTS[table] ?? []).flatMap(({ about: _, ...fact }) =>
    BACKENDS.map((backend) => ({ ...fact, backend })),
  );
}

export const TABLES_OF_FACTS: readonly string[] = [
  ...Object.keys(FACTS),
  ...(foundCases().length > 0 ? ['found'] : []),
];
