/** Sets and maps of a table (nft_set). */
import type { Span } from '../base/span.ts';
import type { Datatype } from './datatype.ts';
import type { Expression } from './expression.ts';
import type { Statement } from './statement.ts';

export type SetFlag = 'constant' | 'interval' | 'timeout' | 'dynamic';

export interface NftSet {
  readonly name: string;
  /** Parts of a concatenation, or one. `bits` where the datatype leaves them open (`typeof`). */
  readonly key: readonly KeyPart[];
  /** A map: what its elements map to. */
  readonly data?:
    | { readonly kind: 'value'; readonly type: readonly KeyPart[] }
    | { readonly kind: 'verdict' }
    | { readonly kind: 'object'; readonly object: ObjectKind };
  /** `typeof` as it was written, for printing. */
  readonly typeof?: { readonly key: string; readonly data?: string };
  readonly flags: readonly SetFlag[];
  readonly autoMerge?: boolean;
  /** Of elements that say nothing else; milliseconds. */
  readonly timeout?: number;
  readonly gcInterval?: number;
  readonly size?: number;
  readonly policy?: 'performance' | 'memory';
  /** Statements that elements carry (counter, limit …), templates of new ones. */
  readonly statements: readonly Statement[];
  readonly elements: readonly SetElement[];
  readonly comment?: string;
  readonly handle?: number;
  readonly span: Span;
}

export interface KeyPart {
  readonly type: Datatype;
  readonly bits: number;
}

export interface SetElement {
  readonly key: Expression;
  /** Of a map: a value, a verdict, or (for maps of objects) a name as `text`. */
  readonly data?: Expression;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Milliseconds left when it was dumped. */
  readonly expires?: number;
  readonly statements?: readonly Statement[];
  readonly comment?: string;
}

export type ObjectKind =
  | 'counter'
  | 'quota'
  | 'limit'
  | 'ct helper'
  | 'ct timeout'
  | 'ct expectation'
  | 'secmark'
  | 'synproxy';
