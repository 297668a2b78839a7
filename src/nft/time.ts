/** Times as nft writes them: `1d2h3m4s5ms` (time_parse(), src/datatype.c), hours and dates (src/meta.c), all in UTC. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** Milliseconds; a bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?$/.exec(
    text,
  );
  if (!match || text === '') return undefined;
  return UNITS.reduce((sum, [, factor], i) => sum + Number(match[i + 1] ?? 0) * factor, 0);
}

export function printDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [unit, factor] of UNITS) {
    const count = Math.floor(rest / factor);
    rest -= count * factor;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

/** Seconds since midnight of `HH:MM[:SS]`. */
export function parseHour(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!match) return /^\d{1,5}$/.test(text) && Number(text) < 86_400 ? Number(text) : undefined;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  return seconds <= 86_400 ? seconds : undefined;
}

export function printHour(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}

/** Nanoseconds since the epoch of `YYYY-MM-DD[ HH:MM[:SS]]`, or of a number of seconds. */
export function parseDate(text: string): bigint | undefined {
  if (/^\d{1,11}$/.test(text)) return BigInt(text) * 1_000_000_000n;
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const time = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  return Number.isNaN(time) ? undefined : BigInt(time) * 1_000_000n;
}

export function printDate(nanoseconds: bigint): string {
  const time = Number(nanoseconds / 1_000_000n);
  return Math.abs(time) > 8.64e15
    ? String(nanoseconds)
    : new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
