/** Dates and times of `-m time`: `2024-05-01T08:00:00` cut at any place, `08:00[:00]`, days of the week and month. */
import type { Value } from '../extension.ts';

export const DAY = 86400;
/** Where 32 bits of seconds end. */
export const MAX_DATE = 0x7fffffff;
export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

export function formatDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

export function formatDayTime(seconds: number): string {
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

function readDate(text: string): number | undefined {
  const found = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(
    text,
  );
  if (!found) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (year < 1970 || year > 2038 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  return seconds <= MAX_DATE ? seconds : undefined;
}

function readDayTime(text: string): number | undefined {
  const found = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text);
  if (!found) return undefined;
  const [hour = 0, minute = 0, second = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return hour > 23 || minute > 59 || second > 59 ? undefined : hour * 3600 + minute * 60 + second;
}

/** A number 1..7, or the name or its first two letters or more of three. */
function readWeekday(text: string): number | undefined {
  if (/^[1-7]$/.test(text)) return Number(text);
  const at = WEEKDAYS.findIndex(
    (name) =>
      name.toLowerCase() === text.toLowerCase() || name.slice(0, 2).toLowerCase() === text.toLowerCase(),
  );
  return at < 0 ? undefined : at + 1;
}

function readMonthday(text: string): number | undefined {
  return /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 31 ? Number(text) : undefined;
}

function list(text: string, read: (word: string) => number | undefined): number[] | undefined {
  const days = text
    .split(',')
    .map(read)
    .filter((day) => day !== undefined);
  return days.length === text.split(',').length ? days : undefined;
}

export const dateTime: Value<number> = {
  words: 1,
  expected: 'a date YYYY[-MM[-DD[Thh[:mm[:ss]]]]] from 1970 to 2038',
  read: ([text = '']) => readDate(text),
};

export const dayTime: Value<number> = {
  words: 1,
  expected: 'a time hh:mm[:ss]',
  read: ([text = '']) => readDayTime(text),
};

export const weekDays: Value<readonly number[]> = {
  words: 1,
  expected: `days ${WEEKDAYS.join(', ')} or 1..7, separated by commas`,
  read: ([text = '']) => list(text, readWeekday),
};

export const monthDays: Value<readonly number[]> = {
  words: 1,
  expected: 'days 1..31, separated by commas',
  read: ([text = '']) => list(text, readMonthday),
};
