/** XTTYPE_MARKMASK32: `value` or `value/mask`; the mask is all ones when it isn't given. */
import type { Value } from '../extension.ts';
import { hex, readNumber } from './number.ts';

export interface Masked {
  readonly value: number;
  readonly mask: number;
}

export const ALL = 0xffffffff;

export function readMasked(text: string, max = ALL): Masked | undefined {
  const slash = text.indexOf('/');
  const value = readNumber(slash < 0 ? text : text.slice(0, slash), max);
  const mask = slash < 0 ? max : readNumber(text.slice(slash + 1), max);
  return value === undefined || mask === undefined ? undefined : { value, mask };
}

export function masked(max = ALL): Value<Masked> {
  return {
    words: 1,
    expected: `a number 0..${hex(max)}, optionally with /mask`,
    read: ([text = '']) => readMasked(text, max),
  };
}

/** `0x1`, `0x1/0xff`; the full mask isn't printed. */
export function formatMasked({ value, mask }: Masked): string {
  return mask === ALL ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

export function maskedEqual(actual: number, { value, mask }: Masked): boolean {
  return (actual & mask) >>> 0 === value;
}
