/** Named stateful objects of a table (nft_object). */
import type { Span } from '../base/span.ts';
import type { Counter, Limit, Quota } from './statement.ts';

interface Named {
  readonly name: string;
  readonly comment?: string;
  readonly handle?: number;
  readonly span: Span;
}

export type NftObject =
  | (Named & { readonly kind: 'counter'; readonly value: Counter })
  | (Named & { readonly kind: 'quota'; readonly value: Quota })
  | (Named & { readonly kind: 'limit'; readonly value: Limit })
  | (Named & {
      readonly kind: 'ct helper';
      readonly helper: string;
      readonly protocol: number;
      readonly l3proto?: 'ip' | 'ip6' | 'inet';
    })
  | (Named & {
      readonly kind: 'ct timeout';
      readonly protocol: number;
      readonly l3proto?: 'ip' | 'ip6' | 'inet';
      /** State → seconds. */
      readonly policy: Readonly<Record<string, number>>;
    })
  | (Named & {
      readonly kind: 'ct expectation';
      readonly protocol: number;
      readonly l3proto?: 'ip' | 'ip6' | 'inet';
      readonly port: number;
      /** Milliseconds. */
      readonly timeout: number;
      readonly size: number;
    })
  | (Named & { readonly kind: 'secmark'; readonly context: string })
  | (Named & {
      readonly kind: 'synproxy';
      readonly mss?: number;
      readonly wscale?: number;
      readonly flags: readonly ('timestamp' | 'sack-perm')[];
    });
