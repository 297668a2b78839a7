/** Counting, in AssemblyScript: `../counting-columns.ts` is the other side. */
import { isFar, MOST_WIRE, SECOND } from './record';

/**
 * What `count` leaves: records, those cut, nanoseconds of the earliest and of the latest, epoch seconds in the header of the last; then
 * doubles: bytes on the wire and captured, epoch seconds of the earliest and of the latest.
 */
const COUNTED: usize = 0x100;

/**
 * Sums up the records of a little-endian pcap from `from` on that are whole and have the next one's header before `end` behind them, up to the
 * first that can't be one, or whose next can't, or that is of another time; gives where they end. `limit`: captured bytes at most; `header`:
 * bytes of a record's header; `unit`: nanoseconds of its fractions; `before`: epoch seconds of the record before.
 */
export function count(from: usize, end: usize, limit: u32, header: u32, unit: u32, before: u32): usize {
  let at = from;
  let records: u32 = 0;
  let cut: u32 = 0;
  let beyond: u64 = 0;
  let second = load<u32>(at);
  let captured = load<u32>(at, 8);
  const whole = SECOND / unit;
  // Seconds above fractions: as large as they are late.
  let first: u64 = u64.MAX_VALUE;
  let last: u64 = 0;
  let known = before;
  const isOdd = captured > limit || isFar(second, before);
  while (!isOdd) {
    const next = at + header + captured;
    if (captured === 0 || next + header > end) break;
    const later = load<u32>(next);
    const following = load<u32>(next, 8);
    if (following > limit || (later !== second && isFar(later, second))) break;
    const fraction = load<u32>(at, 4);
    if (fraction >= whole) break;
    const wire = load<u32>(at, 12);
    if (wire !== captured) {
      if (wire < captured || wire > MOST_WIRE) break;
      beyond += wire - captured;
      cut++;
    }
    const time = ((<u64>second) << 32) | fraction;
    if (time < first) first = time;
    if (time > last) last = time;
    records++;
    at = next;
    known = second;
    captured = following;
    second = later;
  }
  const bytes: u64 = at - from - <u64>records * header;
  store<u32>(COUNTED, records);
  store<u32>(COUNTED, cut, 4);
  store<u32>(COUNTED, <u32>first * unit, 8);
  store<u32>(COUNTED, <u32>last * unit, 12);
  store<u32>(COUNTED, known, 16);
  store<f64>(COUNTED, <f64>(bytes + beyond), 24);
  store<f64>(COUNTED, <f64>bytes, 32);
  store<f64>(COUNTED, <f64>(first >> 32), 40);
  store<f64>(COUNTED, <f64>(last >> 32), 48);
  return at;
}
