/** From a block of a capture to columns. */
import { isFar, MOST_WIRE, SECOND } from '../../capture/assembly/record';
import { CAPTURED, COLUMNS, LENGTHS, NANOSECONDS, OFFSETS, SECONDS, WALKED } from './layout';

/**
 * Fills the columns with the whole records of a little-endian pcap from `from` on, until `end`, or there are enough, or one or the one behind it can't
 * be a record or is of another time; gives where they end. Offsets are counted from `base`. `limit`: captured bytes at most; `header`: bytes
 * of a record's header; `unit`: nanoseconds of its fractions; `ahead`: bytes that have to be there behind a record; `before`: epoch seconds of
 * the record before.
 */
export function walk(
  from: usize,
  end: usize,
  base: usize,
  limit: u32,
  header: u32,
  unit: u32,
  ahead: u32,
  before: u32,
): usize {
  let at = from;
  let count: u32 = 0;
  let cut: u32 = 0;
  let beyond: u64 = 0;
  let earliest: u32 = 0;
  let latest: u32 = 0;
  let first: u64 = u64.MAX_VALUE;
  let last: u64 = 0;
  let there: u32 = 0;
  let second: u32 = 0;
  if (at + header <= end) {
    there = load<u32>(at, 8);
    second = load<u32>(at);
  }
  // Of the others it is known when the one before is looked at.
  const isOdd = there > limit || isFar(second, before);
  while (!isOdd && count < COLUMNS && at + header <= end) {
    const next = at + header + there;
    if (there === 0 || next + ahead > end) break;
    let following: u32 = 0;
    let later: u32 = second;
    if (next + header <= end) {
      following = load<u32>(next, 8);
      later = load<u32>(next);
      if (following > limit || (later !== second && isFar(later, second))) break;
    }
    const wire = load<u32>(at, 12);
    if (wire !== there) {
      if (wire < there || wire > MOST_WIRE) break;
      beyond += wire - there;
      cut++;
    }
    let seconds: u64 = second;
    let nanoseconds: u64 = <u64>load<u32>(at, 4) * unit;
    if (nanoseconds >= SECOND) {
      seconds += nanoseconds / SECOND;
      nanoseconds %= SECOND;
    }
    store<u32>(OFFSETS + (count << 2), <u32>(at - base) + header);
    store<u32>(CAPTURED + (count << 2), there);
    store<u32>(LENGTHS + (count << 2), wire);
    store<f64>(SECONDS + (count << 3), <f64>seconds);
    store<u32>(NANOSECONDS + (count << 2), <u32>nanoseconds);
    const time = (seconds << 30) | nanoseconds;
    if (time > last) {
      last = time;
      latest = count;
    }
    if (time < first) {
      first = time;
      earliest = count;
    }
    count++;
    at = next;
    there = following;
    second = later;
  }
  const bytes: u64 = at - from - <u64>count * header;
  store<u32>(WALKED, count);
  store<u32>(WALKED, cut, 4);
  store<u32>(WALKED, earliest, 8);
  store<u32>(WALKED, latest, 12);
  store<f64>(WALKED, <f64>(bytes + beyond), 16);
  store<f64>(WALKED, <f64>bytes, 24);
  return at;
}

/** Of a record in the columns: epoch seconds, and nanoseconds as the lower 30 bits. */
export function timeOf(i: u32): u64 {
  return ((<u64>load<f64>(SECONDS + (i << 3))) << 30) | load<u32>(NANOSECONDS + (i << 2));
}
