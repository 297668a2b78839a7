/** All of it, for whole columns of plain packets. */
import { isFar } from '../../capture/assembly/record';
import { decode } from './decode';
import { NANOSECONDS, OFFSETS, PASSED, SECONDS, SIGNATURES, WALKED } from './layout';
import { signAt, signInto } from './sign';
import { enterMissing, lookUp, recordCount } from './table';
import { tally } from './tally';
import { changedCount, update } from './update';
import { timeOf, walk } from './walk';

/**
 * Takes in the records of a little-endian pcap behind Ethernet headers, as many columns as can be: those that are wholly of what `decode`
 * reads, as long as there are records below `most` and room for signatures, up to the first that change a TTL or MACs. Gives where it
 * stopped; the columns' first two times are the earliest and the latest. Parameters are those of `walk`, `decode` and `update`; nothing behind the place
 * where it stopped was counted.
 */
export function pass(
  from: usize,
  end: usize,
  base: usize,
  limit: u32,
  header: u32,
  unit: u32,
  ahead: u32,
  before: u32,
  known: u32,
  most: u32,
  signing: usize,
  signingEnd: usize,
  signingNext: usize,
): usize {
  let at = from;
  let second = before;
  let count: u32 = 0;
  let cut: u32 = 0;
  let signed: u32 = 0;
  let bytes: f64 = 0;
  let capturedBytes: f64 = 0;
  let first: u64 = u64.MAX_VALUE;
  let last: u64 = 0;
  let segmentEnd = signingEnd;
  let segmentNext = signingNext;
  signInto(signing, signingEnd, signingNext);
  while (true) {
    const next = walk(at, end, base, limit, header, unit, ahead, second);
    const rows = load<u32>(WALKED);
    if (rows === 0 || decode(0, rows, 0, known, base) < rows) break;
    const room = segmentEnd - signAt + select<usize>(SIGNATURES, 0, segmentNext !== 0);
    const missing = lookUp(rows);
    if (recordCount + missing > most || rows > <u32>(room >> 4)) break;
    enterMissing(missing);
    tally(rows);
    const left = (segmentEnd - signAt) >> 4;
    const more = update(0, rows, signAt, segmentEnd, segmentNext);
    if (more >= <u32>left) {
      // Without a next segment there is no room from here.
      segmentEnd = segmentNext === 0 ? signAt : segmentNext + SIGNATURES;
      segmentNext = 0;
    }
    signed += more;
    count += rows;
    cut += load<u32>(WALKED, 4);
    bytes += load<f64>(WALKED, 16);
    capturedBytes += load<f64>(WALKED, 24);
    first = min<u64>(first, timeOf(load<u32>(WALKED, 8)));
    last = max<u64>(last, timeOf(load<u32>(WALKED, 12)));
    second = load<u32>(base + load<u32>(OFFSETS + ((rows - 1) << 2)) - header);
    at = next;
    if (changedCount > 0 || isFar(second, before)) break;
  }
  store<u32>(PASSED, count);
  store<u32>(PASSED, cut, 4);
  store<u32>(PASSED, signed, 8);
  store<u32>(PASSED, second, 12);
  store<f64>(PASSED, bytes, 16);
  store<f64>(PASSED, capturedBytes, 24);
  store<u32>(PASSED, recordCount, 32);
  store<u32>(PASSED, changedCount, 36);
  if (count > 0) {
    store<f64>(SECONDS, <f64>(first >> 30));
    store<f64>(SECONDS, <f64>(last >> 30), 8);
    store<u32>(NANOSECONDS, <u32>(first & 0x3fffffff));
    store<u32>(NANOSECONDS, <u32>(last & 0x3fffffff), 4);
  }
  return at;
}
