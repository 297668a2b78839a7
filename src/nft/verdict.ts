/** What a rule or a verdict map's element says (nft_verdict). `queue` is a statement: it can't stand in a map. */
export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };
