/** The stamps of a capture as times since the epoch: dates where none are printed, sums where differences are. */
import type { Stamp } from './stamp.ts';

export interface Instant {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface Times {
  readonly instants: readonly Instant[];
  /** What was made up: nothing, the date, or where the times count from; `order`: all but the order. */
  readonly assumed: 'nothing' | 'date' | 'start' | 'order';
}

const DAY = 86_400;

/**
 * `ts`: how often `-t` was given, where the command line is known. `near`: epoch seconds near which the capture was taken: of its
 * bare clock times that day is taken on which the first comes nearest to it.
 */
export function timesOf(
  stamps: readonly (Stamp | undefined)[],
  ts: number | undefined,
  near: number | undefined,
): Times {
  const first = stamps.find((stamp) => stamp !== undefined);
  if (!first) return { instants: stamps.map((_, at) => after(near ?? 0, at)), assumed: 'order' };
  if (first.kind === 'epoch' || first.kind === 'date')
    return { instants: filled(stamps), assumed: 'nothing' };
  if (!areClocks(stamps, ts)) {
    const sums = ts === 3 || first.kind === 'delta' || (ts === undefined && !rises(stamps));
    return { instants: sums ? summed(stamps, near ?? 0) : shifted(stamps, near ?? 0), assumed: 'start' };
  }
  return { instants: onDays(stamps, near), assumed: 'date' };
}

/** Whether they are bare times of a day, to which only the date is wanting; `ts` as above. */
export function areClocks(stamps: readonly (Stamp | undefined)[], ts: number | undefined): boolean {
  const first = stamps.find((stamp) => stamp !== undefined);
  if (first?.kind !== 'clock' || ts === 3 || ts === 5) return false;
  return ts !== undefined || !countsFromZero(stamps);
}

/** Without times: a millisecond apart, so that their order stays. */
function after(start: number, count: number): Instant {
  return normal(Math.floor(start) + Math.floor(count / 1000), (count % 1000) * 1e6);
}

/** `-ttt` and `-ttttt` begin with nothing, and set a blank where a clock time has none. */
function countsFromZero(stamps: readonly (Stamp | undefined)[]): boolean {
  const told = stamps.filter((stamp) => stamp !== undefined);
  const [first] = told;
  if (!first) return false;
  if (first.seconds === 0 && first.nanoseconds === 0) return true;
  return told.every(({ blank, seconds }) => blank && seconds < 3600);
}

function rises(stamps: readonly (Stamp | undefined)[]): boolean {
  let before: Stamp | undefined;
  for (const stamp of stamps) {
    if (!stamp) continue;
    if (before && compare(stamp, before) < 0) return false;
    before = stamp;
  }
  return true;
}

function compare(left: Instant, right: Instant): number {
  return left.seconds - right.seconds || left.nanoseconds - right.nanoseconds;
}

/** A line without a time has that of the line before it. */
function filled(stamps: readonly (Stamp | undefined)[]): Instant[] {
  let last: Instant = { seconds: 0, nanoseconds: 0 };
  return stamps.map((stamp) => {
    if (stamp) last = { seconds: stamp.seconds, nanoseconds: stamp.nanoseconds };
    return last;
  });
}

function summed(stamps: readonly (Stamp | undefined)[], start: number): Instant[] {
  let now: Instant = { seconds: Math.floor(start), nanoseconds: 0 };
  return stamps.map((stamp) => {
    if (stamp) now = normal(now.seconds + stamp.seconds, now.nanoseconds + stamp.nanoseconds);
    return now;
  });
}

function shifted(stamps: readonly (Stamp | undefined)[], start: number): Instant[] {
  return filled(stamps).map(({ seconds, nanoseconds }) => ({
    seconds: Math.floor(start) + seconds,
    nanoseconds,
  }));
}

function normal(seconds: number, nanoseconds: number): Instant {
  return { seconds: seconds + Math.floor(nanoseconds / 1e9), nanoseconds: nanoseconds % 1e9 };
}

/** Of all days, when a clock that shows `seconds` since midnight does so nearest to `near`; epoch seconds. */
export function nearest(near: number, seconds: number): number {
  return Math.round((near - seconds) / DAY) * DAY + seconds;
}

/** A clock that goes back by more than half a day has passed midnight; packets that are a little out of order have not. */
function onDays(stamps: readonly (Stamp | undefined)[], near: number | undefined): Instant[] {
  const clocks = filled(stamps);
  const first = stamps.find((stamp) => stamp !== undefined)?.seconds ?? 0;
  let day = near === undefined ? 0 : nearest(near, first) - first;
  let before = first;
  return clocks.map(({ seconds, nanoseconds }) => {
    if (before - seconds > DAY / 2) day += DAY;
    else if (seconds - before > DAY / 2) day -= DAY;
    before = seconds;
    return { seconds: day + seconds, nanoseconds };
  });
}
