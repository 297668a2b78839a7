/** A test of a 32-bit number such as an SPI: a value or a range, inverted or not. */
import type { Arg } from '../extension.ts';
import { type Range, range } from './number.ts';
import { inRange } from './port.ts';

const MAX_U32 = 0xffffffff;
export const spi = range(MAX_U32);

export interface SpiTest extends Range {
  readonly invert: boolean;
}

export interface SpiInfo {
  readonly spi?: SpiTest;
}

/** All values, not inverted, is no condition. */
export function spiTest(arg: Arg<Range> | undefined): SpiTest | undefined {
  if (!arg || (!arg.invert && arg.value.min === 0 && arg.value.max === MAX_U32)) return undefined;
  return { invert: arg.invert, ...arg.value };
}

export function spiHolds(test: SpiTest | undefined, value: number): boolean {
  return test === undefined || inRange(value, test) !== test.invert;
}
