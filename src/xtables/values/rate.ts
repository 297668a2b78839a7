/** parse_rate() and print_rate() of libxt_limit.c: `5/sec`, `10/minute`, `3/h` as the time one packet costs. */
import type { Value } from '../extension.ts';

/** XT_LIMIT_SCALE: costs are in ten-thousandths of a second. */
export const RATE_SCALE = 10000;

const UNITS = [
  { name: 'day', word: 'day', seconds: 86400 },
  { name: 'hour', word: 'hour', seconds: 3600 },
  { name: 'min', word: 'minute', seconds: 60 },
  { name: 'sec', word: 'second', seconds: 1 },
] as const;

/** The unit may be cut anywhere (`s`, `sec`, `secon`); none is a second. */
export function unitSeconds(text: string): number | undefined {
  const lower = text.toLowerCase();
  return UNITS.findLast((unit) => unit.word.startsWith(lower))?.seconds;
}

/** Cost of one packet at `scale` units a second; undefined when it isn't a rate or too fast for the scale. */
export function readRate(text: string, scale = RATE_SCALE): number | undefined {
  const found = /^(\d{1,10})(?:\/([a-zA-Z]+))?$/.exec(text);
  if (!found) return undefined;
  const count = Number(found[1]);
  const seconds = unitSeconds(found[2] ?? 'second');
  if (count === 0 || count > 0xffffffff || seconds === undefined) return undefined;
  const cost = Math.floor((scale * seconds) / count);
  return cost === 0 ? undefined : cost;
}

/** The largest unit in which the rate is a whole number, or nearly. */
export function formatRate(cost: number, scale = RATE_SCALE): string {
  let chosen: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const perUnit = unit.seconds * scale;
    if (cost > perUnit || Math.floor(perUnit / cost) < perUnit % cost) break;
    chosen = unit;
  }
  return `${Math.floor((chosen.seconds * scale) / cost)}/${chosen.name}`;
}

export const rate: Value<number> = {
  words: 1,
  expected: 'a rate such as 5/sec, 10/minute, 3/hour, at most 10000/sec',
  read: ([text = '']) => readRate(text),
};
