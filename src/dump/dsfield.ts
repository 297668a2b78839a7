/** Names of DS field values as iproute2 prints them: etc/iproute2/rt_dsfield. */
import { parseNumber } from './fields.ts';

const NAMES: ReadonlyMap<string, number> = new Map([
  ['default', 0x00],
  ['CS0', 0x00],
  ...Array.from({ length: 7 }, (_, i): [string, number] => [`CS${i + 1}`, (i + 1) << 5]),
  ...Array.from({ length: 12 }, (_, i): [string, number] => {
    const [high, low] = [Math.floor(i / 3) + 1, (i % 3) + 1];
    return [`AF${high}${low}`, (high << 5) | (low << 3)];
  }),
  ['EF', 0xb8],
  ['VOICE-ADMIT', 0xb0],
  ['LE', 0x04],
]);

/** `0x10`, `16` or `AF11`; undefined for a name that only that host knows. */
export function parseDsfield(word: string): number | undefined {
  return NAMES.get(word) ?? parseNumber(word);
}
