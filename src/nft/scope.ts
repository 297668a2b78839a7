/** What a rule's words mean depends on its table: the family, and the sets it has. */

import type { NftChain, NftFamily } from './ruleset.ts';
import type { KeyPart, NftSet } from './set.ts';

/** Types of the parts that constants are read as. Undefined: what they look like. */
export type Parts = readonly KeyPart[] | undefined;

export interface Scope {
  readonly path: string;
  readonly family: NftFamily;
  /** Of the same table, as far as they are read. */
  readonly sets: ReadonlyMap<string, NftSet>;
  /** Takes the chain that a rule has in itself (`jump { … }`), and gives its name. */
  addChain(chain: Omit<NftChain, 'name'>): string;
  /** Something was not understood. */
  complain(line: number, found: string, expected: string): void;
}

export function dataParts(set: NftSet | undefined): Parts {
  return set?.data?.kind === 'value' ? set.data.type : undefined;
}
