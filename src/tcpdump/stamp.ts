/** The time at the beginning of a line, in the forms of `-t` (none) to `-ttttt`: tcpdump(8). */
export interface Stamp {
  /** `-tt`, `-tttt`, a bare clock time (or `-ttt` and `-ttttt`, which look like one), microseconds since the line before (3.x `-ttt`). */
  readonly kind: 'epoch' | 'date' | 'clock' | 'delta';
  /** Since the epoch, since midnight, or since whatever it counts from. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** One blank stands before it, as before a difference of times. */
  readonly blank: boolean;
}

const DATE = /^ ?(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?Z?\s+/;
const CLOCK = /^ ?(\d{2,4}):([0-5]\d):([0-6]\d)(?:[.,](\d{1,9}))?\s+/;
const EPOCH = /^ ?(\d{9,10})\.(\d{3,9})\s+/;
const DELTA = /^ ?(?:(\d{1,5})\. ?)?(\d{6})\s+(?=IP6? |arp|ARP|[0-9a-f]{1,2}:)/;

/** Undefined: the line has none. */
export function stampOf(line: string): { readonly stamp: Stamp; readonly length: number } | undefined {
  const blank = /^ \d/.test(line);
  const date = DATE.exec(line);
  if (date) {
    const [whole, year, month, day, hour, minute, second, fraction] = date;
    const days = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000;
    const clock = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
    if (Number.isNaN(days)) return undefined;
    return made('date', days + clock, fraction, blank, whole);
  }
  const clock = CLOCK.exec(line);
  if (clock) {
    const [whole, hour, minute, second, fraction] = clock;
    return made('clock', Number(hour) * 3600 + Number(minute) * 60 + Number(second), fraction, blank, whole);
  }
  const epoch = EPOCH.exec(line);
  if (epoch) return made('epoch', Number(epoch[1]), epoch[2], blank, epoch[0]);
  const delta = DELTA.exec(line);
  if (delta) return made('delta', Number(delta[1] ?? 0), delta[2], blank, delta[0]);
  return undefined;
}

function made(
  kind: Stamp['kind'],
  seconds: number,
  fraction: string | undefined,
  blank: boolean,
  whole: string,
) {
  const nanoseconds = Number((fraction ?? '').padEnd(9, '0'));
  return { stamp: { kind, seconds, nanoseconds, blank }, length: whole.length };
}
