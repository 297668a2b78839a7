/** TOS values: `value[/mask]` or a name of RFC 1349, which stands for a value under 0x3f (the ECN bits apart). */
import { wordTable } from '../../base/word-table.ts';
import type { Value } from '../extension.ts';
import { type Masked, readMasked } from './mark.ts';
import { hex } from './number.ts';

export type { Masked };

const NAMES = wordTable<number>({
  'normal-service': 0,
  'minimize-cost': 0x02,
  'maximize-reliability': 0x04,
  'maximize-throughput': 0x08,
  'minimize-delay': 0x10,
});

export const tos: Value<Masked> = {
  words: 1,
  expected: `a number 0..0xff, optionally with /mask, or one of ${Object.keys(NAMES).join(', ')}`,
  read([text = '']) {
    const named = NAMES[text.toLowerCase()];
    return named === undefined ? readMasked(text, 0xff) : { value: named, mask: 0x3f };
  },
};

export function formatTos({ value, mask }: Masked): string {
  return `${hex(value, 2)}/${hex(mask, 2)}`;
}
