/** xtables_strtoui() and XTTYPE_UINT*: decimal, `0x` hexadecimal, leading-zero octal; no sign. */
import type { Value } from '../extension.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function readBigNumber(text: string, max: bigint): bigint | undefined {
  let value: bigint;
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(text)) value = BigInt(text);
  else if (/^0[0-7]{0,22}$/.test(text)) value = text.length > 1 ? BigInt(`0o${text.slice(1)}`) : 0n;
  else if (/^[1-9]\d{0,19}$/.test(text)) value = BigInt(text);
  else return undefined;
  return value <= max ? value : undefined;
}

export function readNumber(text: string, max: number): number | undefined {
  const value = readBigNumber(text, BigInt(max));
  return value === undefined ? undefined : Number(value);
}

/** `a`, `a:b`, `a:`, `:b`, `:`, the ends within 0..max and in order. */
export function readRange(text: string, max: number, separator: string): Range | undefined {
  const at = text.indexOf(separator);
  if (at < 0) {
    const value = readNumber(text, max);
    return value === undefined ? undefined : { min: value, max: value };
  }
  const [low, high] = [text.slice(0, at), text.slice(at + 1)];
  const from = low === '' ? 0 : readNumber(low, max);
  const to = high === '' ? max : readNumber(high, max);
  return from === undefined || to === undefined || from > to ? undefined : { min: from, max: to };
}

export const flag: Value<true> = { words: 0, expected: 'nothing', read: () => true };

export function number(max: number, min = 0): Value<number> {
  return {
    words: 1,
    expected: `a number ${min}..${max}`,
    read([text = '']) {
      const value = readNumber(text, max);
      return value === undefined || value < min ? undefined : value;
    },
  };
}

export function bigNumber(max: bigint): Value<bigint> {
  return {
    words: 1,
    expected: `a number 0..${max}`,
    read: ([text = '']) => readBigNumber(text, max),
  };
}

export function range(max: number, separator = ':'): Value<Range> {
  return {
    words: 1,
    expected: `a number 0..${max} or a range low${separator}high`,
    read: ([text = '']) => readRange(text, max, separator),
  };
}

export function formatRange(value: Range, separator = ':'): string {
  return value.min === value.max ? String(value.min) : `${value.min}${separator}${value.max}`;
}

export function hex(value: number, width = 1): string {
  return `0x${value.toString(16).padStart(width, '0')}`;
}
