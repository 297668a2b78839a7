/** mark_tg(), net/netfilter/xt_mark.c */
import { lazily } from '../../base/memo.ts';
import type { MarkChange } from '../context.ts';
import { DECIDED, defineTarget, refuse } from '../extension.ts';
import { listing, type Part } from '../listing.ts';
import { ALL, type Masked, masked } from '../values/mark.ts';
import { hex, number } from '../values/number.ts';

const bits = { value: number(ALL) } as const;

/** The five ways to say a change; MARK and CONNMARK have them in common. */
export const MARK_OPTIONS = {
  'set-xmark': { value: masked() },
  'set-mark': { value: masked() },
  'and-mark': bits,
  'or-mark': bits,
  'xor-mark': bits,
} as const;

/** `MARK xset 0x1/0x3`: the words stand for the changes, in whichever form iptables-save has them. */
export const LISTED_CHANGES: readonly Part[] = [
  [/x?set (?<v>\S+)/, 'set-xmark'],
  [/and (?<v>\S+)/, 'and-mark'],
  [/or (?<v>\S+)/, 'or-mark'],
  [/xor (?<v>\S+)/, 'xor-mark'],
];

export interface MarkArgs {
  readonly 'set-xmark': { readonly value: Masked } | undefined;
  readonly 'set-mark': { readonly value: Masked } | undefined;
  readonly 'and-mark': { readonly value: number } | undefined;
  readonly 'or-mark': { readonly value: number } | undefined;
  readonly 'xor-mark': { readonly value: number } | undefined;
}

export function markChange(args: MarkArgs): MarkChange | undefined {
  const { 'set-xmark': xset, 'set-mark': set, 'and-mark': and, 'or-mark': or, 'xor-mark': xor } = args;
  if (xset) return xset.value;
  if (set) return { value: set.value.value, mask: (set.value.value | set.value.mask) >>> 0 };
  if (and) return { value: 0, mask: ~and.value >>> 0 };
  if (or) return { value: or.value, mask: or.value };
  if (xor) return { value: xor.value, mask: 0 };
  return undefined;
}

export function changeMark(mark: number, { value, mask }: MarkChange): number {
  return ((mark & ~mask) ^ value) >>> 0;
}

export function formatChange({ value, mask }: MarkChange): string {
  return `--set-xmark ${hex(value)}/${hex(mask)}`;
}

export const MARK = lazily(() =>
  defineTarget({
    name: 'MARK',
    support: DECIDED,
    options: MARK_OPTIONS,
    listing: () => listing(/MARK/, LISTED_CHANGES),
    build(args) {
      const given = Object.values(args).filter((arg) => arg !== undefined).length;
      if (given > 1) return refuse('only one of --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark');
      return (
        markChange(args) ??
        refuse('one of --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark must be given')
      );
    },
    print: (info: MarkChange) => [formatChange(info)],
    apply(info: MarkChange, { skb }) {
      skb.mark = changeMark(skb.mark, info);
      return { kind: 'continue' };
    },
  }),
);
