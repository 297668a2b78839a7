/** `--time FROM..TO`: moments by date and time, by the clock of the capture's day, or since the capture's begin. */
import { wordTable } from '../base/word-table.ts';

export type Moment =
  /** Epoch seconds. */
  | { readonly kind: 'absolute'; readonly seconds: number }
  /** Seconds since midnight, UTC. */
  | { readonly kind: 'clock'; readonly seconds: number }
  /** Seconds since the first packet of all captures. */
  | { readonly kind: 'offset'; readonly seconds: number };

/** Open where an end is missing. */
export interface TimeRange {
  readonly from?: Moment;
  readonly to?: Moment;
}

const UNITS = wordTable<number>({ ms: 0.001, s: 1, m: 60, h: 3600 });
const DAY = 86_400;

/** Undefined: it is neither a range nor, with an end left open, half of one. */
export function parseTimeRange(text: string): TimeRange | undefined {
  const parts = text.split('..');
  if (parts.length !== 2) return undefined;
  const [from, to] = parts.map((part) => part.trim()) as [string, string];
  if (from === '' && to === '') return undefined;
  const begin = from === '' ? undefined : parseMoment(from);
  const end = to === '' ? undefined : parseMoment(to);
  if ((from !== '' && !begin) || (to !== '' && !end)) return undefined;
  return { ...(begin && { from: begin }), ...(end && { to: end }) };
}

/** A time without a zone is UTC, as all times in reports are. */
export function parseMoment(text: string): Moment | undefined {
  const since = /^\+(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)?$/.exec(text);
  if (since) return { kind: 'offset', seconds: micro(Number(since[1]) * (UNITS[since[2] ?? 's'] ?? 1)) };
  if (/^\d{9,12}(?:\.\d{1,9})?$/.test(text)) return { kind: 'absolute', seconds: Number(text) };
  const [, date, clock, zone] =
    /^(\d{4}-\d\d-\d\d)?(?:(?:^|[T ])(\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(
      text,
    ) ?? [];
  const seconds = clock === undefined ? 0 : clockSeconds(clock);
  if (seconds === undefined || (date === undefined && clock === undefined)) return undefined;
  if (date === undefined) return zone === undefined ? { kind: 'clock', seconds } : undefined;
  const midnight = Date.parse(`${date}T00:00:00Z`) / 1000;
  if (!Number.isFinite(midnight)) return undefined;
  return { kind: 'absolute', seconds: micro(midnight + seconds - zoneSeconds(zone)) };
}

function clockSeconds(text: string): number | undefined {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  if (hours > 23 || minutes > 59 || seconds >= 61) return undefined;
  return micro(hours * 3600 + minutes * 60 + seconds);
}

function zoneSeconds(zone = 'Z'): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
}

const micro = (seconds: number) => Math.round(seconds * 1e6) / 1e6;

export function formatTimeRange({ from, to }: TimeRange): string {
  return `${from ? formatMoment(from) : ''}..${to ? formatMoment(to) : ''}`;
}

function formatMoment({ kind, seconds }: Moment): string {
  if (kind === 'offset') return `+${seconds}s`;
  const whole = Math.floor(seconds);
  const part = micro(seconds - whole);
  const fraction = part === 0 ? '' : part.toFixed(6).slice(1).replace(/0+$/, '');
  if (kind === 'clock') return `${new Date(whole * 1000).toISOString().slice(11, 19)}${fraction}`;
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Epoch seconds of both ends. `begin`: the first packet's time. */
export function intervalOf({ from, to }: TimeRange, begin: number): Interval {
  const start = from ? secondsOf(from, begin) : Number.NEGATIVE_INFINITY;
  const end = to ? secondsOf(to, begin) : Number.POSITIVE_INFINITY;
  // `23:59:50..00:00:10`
  const wraps = to?.kind === 'clock' && end < start;
  return { from: start, to: wraps ? end + DAY : end };
}

/** A clock's time is of the day on which it lies nearest to the begin of the capture, or within it. */
function secondsOf({ kind, seconds }: Moment, begin: number): number {
  if (kind === 'absolute') return seconds;
  if (kind === 'offset') return begin + seconds;
  const midnight = Math.floor(begin / DAY) * DAY;
  const same = midnight + seconds;
  return same < begin - DAY / 2 ? same + DAY : same;
}
