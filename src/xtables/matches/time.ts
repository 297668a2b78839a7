/** time_mt(), net/netfilter/xt_time.c, on the packet's own time, in UTC. With --kerneltz, in any zone. */
import { lazily } from '../../base/memo.ts';
import { type Ternary, unknown } from '../../base/ternary.ts';
import { decidedExcept, defineMatch, type Refusal, refuse } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { flag } from '../values/number.ts';
import {
  DAY,
  dateTime,
  dayTime,
  formatDate,
  formatDayTime,
  MAX_DATE,
  monthDays,
  WEEKDAYS,
  weekDays,
} from '../values/time.ts';

interface TimeInfo {
  /** Seconds of the day. */
  readonly start: number;
  readonly stop: number;
  /** Epoch seconds. */
  readonly dateStart: number;
  readonly dateStop: number;
  /** 1 to 31, in order; all of them is no condition. */
  readonly monthDays: readonly number[];
  /** 1 (Monday) to 7. */
  readonly weekDays: readonly number[];
  readonly kernelTimezone: boolean;
  readonly contiguous: boolean;
}

const MONTH = Array.from({ length: 31 }, (_, i) => i + 1);
/** Seconds east of Greenwich that a clock may show, in quarters of an hour. */
const ZONES = Array.from({ length: (12 + 14) * 4 + 1 }, (_, i) => i * 900 - 12 * 3600);
const WEEK = Array.from({ length: 7 }, (_, i) => i + 1);

export const time = lazily(() =>
  defineMatch({
    name: 'time',
    support: decidedExcept('--kerneltz, where the zone matters'),
    options: {
      datestart: { value: dateTime },
      datestop: { value: dateTime },
      timestart: { value: dayTime },
      timestop: { value: dayTime },
      monthdays: { value: monthDays, invert: true },
      weekdays: { value: weekDays, invert: true },
      kerneltz: { value: flag, aliases: ['localtz'], excludes: ['utc'] },
      utc: { value: flag },
      contiguous: { value: flag },
    },
    listing: () =>
      listing(
        /TIME/,
        [
          [
            /from (?<start>[\d:]+) to (?<stop>[\d:]+)/,
            ({ start, stop }) => [listedOption('timestart', start), listedOption('timestop', stop)],
          ],
          [/(?<n>! ?)?on (?<v>[A-Z][a-z]+(?:,[A-Z][a-z]+)*)/, 'weekdays'],
          [
            /(?<n>! ?)?on (?<v>\d+(?:st|nd|rd|th)(?:,\d+(?:st|nd|rd|th))*)/,
            ({ n, v = '' }) => [listedOption('monthdays', v.replace(/[a-z]+/g, ''), n !== undefined)],
          ],
          [
            /starting from (?<day>[\d-]+) (?<v>[\d:]+)/,
            ({ day, v }) => [listedOption('datestart', `${day}T${v}`)],
          ],
          [
            /until date (?<day>[\d-]+) (?<v>[\d:]+)/,
            ({ day, v }) => [listedOption('datestop', `${day}T${v}`)],
          ],
          [/UTC/, 'utc'],
          [/contiguous/, 'contiguous'],
        ],
        {
          finish: (options) =>
            options.some(({ name }) => name === 'utc') ? options : [...options, listedOption('kerneltz')],
        },
      ),
    build(args): TimeInfo | Refusal {
      const pick = (
        all: readonly number[],
        arg: { invert: boolean; value: readonly number[] } | undefined,
      ): number[] => all.filter((day) => !arg || arg.value.includes(day) !== arg.invert);
      const start = args.timestart?.value ?? 0;
      const stop = args.timestop?.value ?? DAY - 1;
      if (args.contiguous && start < stop)
        return refuse('--contiguous needs a --timestop before --timestart');
      return {
        start,
        stop,
        dateStart: args.datestart?.value ?? 0,
        dateStop: args.datestop?.value ?? MAX_DATE,
        monthDays: pick(MONTH, args.monthdays),
        weekDays: pick(WEEK, args.weekdays),
        kernelTimezone: args.kerneltz !== undefined,
        contiguous: args.contiguous !== undefined,
      };
    },
    print: (info: TimeInfo) => [
      ...(info.start === 0 && info.stop === DAY - 1
        ? []
        : [`--timestart ${formatDayTime(info.start)} --timestop ${formatDayTime(info.stop)}`]),
      ...(info.monthDays.length === MONTH.length ? [] : [`--monthdays ${info.monthDays.join(',')}`]),
      ...(info.weekDays.length === WEEK.length
        ? []
        : [`--weekdays ${info.weekDays.map((day) => WEEKDAYS[day - 1]).join(',')}`]),
      ...(info.dateStart === 0 ? [] : [`--datestart ${formatDate(info.dateStart)}`]),
      `--datestop ${formatDate(info.dateStop)}`,
      ...(info.kernelTimezone ? ['--kerneltz'] : []),
      ...(info.contiguous ? ['--contiguous'] : []),
    ],
    match(info: TimeInfo, { skb }): Ternary {
      const now = Math.floor(skb.time);
      const held = timeHolds(info, now);
      if (!info.kernelTimezone) return held;
      const always = ZONES.every((offset) => timeHolds(info, now + offset) === held);
      return always ? held : unknown("the kernel's own time zone (--kerneltz), which no command prints");
    },
  }),
);

function timeHolds(info: TimeInfo, now: number): boolean {
  if (now < info.dateStart || now > info.dateStop) return false;
  const ofDay = now % DAY;
  let day = now;
  if (info.start < info.stop) {
    if (ofDay < info.start || ofDay > info.stop) return false;
  } else {
    if (ofDay < info.start && ofDay > info.stop) return false;
    // With --contiguous the hours after midnight belong to the day before.
    if (info.contiguous && ofDay <= info.stop) day -= DAY;
  }
  const date = new Date(day * 1000);
  return info.weekDays.includes(date.getUTCDay() || 7) && info.monthDays.includes(date.getUTCDate());
}
