/** All of it, for whole columns of plain packets. */
import { isFar } from '../../capture/assembly/record';
import { decode, decodedTcp } from './decode';
import {
  MOST_STRETCHES,
  NANOSECONDS,
  OFFSETS,
  PASSED,
  SECONDS,
  SIGNATURES,
  STRETCHES,
  WALKED,
} from './layout';
import { signAt, signInto } from './sign';
import { enterMissing, lookUp, recordCount } from './table';
import { tallyAll } from './tally';
import { changedCount, update } from './update';
import { timeOf, walk } from './walk';

/**
 * Takes in the records of a little-endian pcap behind Ethernet headers, as many columns as can be: those that are wholly of what `decode`
 * reads, as long as there are records below `most` and room for signatures, up to the first that change a TTL or MACs. Gives where it
 * stopped. Parameters are those of `walk`, `decode` and `update`; nothing behind the place where it stopped was counted. `stretch`: bytes of a stretch that
 * begins at `from`, as of those behind it (0: all are one); each ends with the last record that, with what has to be behind it, lies wholly in them. The columns' first
 * two times are the earliest and the latest of the last stretch.
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
  stretch: u32,
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
  let ended: u32 = 0;
  let firstBefore: u64 = 0;
  let lastBefore: u64 = 0;
  let begun = from;
  let until = stretch === 0 ? end : min<usize>(end, from + stretch);
  let segmentEnd = signingEnd;
  let segmentNext = signingNext;
  signInto(signing, signingEnd, signingNext);
  while (true) {
    const next = walk(at, until, base, limit, header, unit, ahead, second);
    const rows = load<u32>(WALKED);
    if (
      rows === 0 &&
      until < end &&
      at > begun &&
      ended < MOST_STRETCHES &&
      isCut(at, until, limit, header, ahead)
    ) {
      const own: usize = STRETCHES + (ended++ << 5);
      storeTimes(own, own + 16, first, last);
      store<u32>(own, <u32>(at - base), 24);
      store<u32>(own, count, 28);
      firstBefore = first;
      lastBefore = last;
      first = u64.MAX_VALUE;
      last = 0;
      begun = at;
      until = min<usize>(end, at + stretch);
      continue;
    }
    if (rows === 0 || decode(0, rows, 0, known, base) < rows) break;
    const room = segmentEnd - signAt + select<usize>(SIGNATURES, 0, segmentNext !== 0);
    const missing = lookUp(rows);
    if (recordCount + missing > most || rows > <u32>(room >> 4)) break;
    enterMissing(missing);
    const cutHere = load<u32>(WALKED, 4);
    const earliest = load<u32>(WALKED, 8);
    const latest = load<u32>(WALKED, 12);
    const bytesHere = load<f64>(WALKED, 16);
    tallyAll(known >> 16, rows, bytesHere, cutHere, decodedTcp, earliest, latest);
    const left = (segmentEnd - signAt) >> 4;
    const more = update(0, rows, signAt, segmentEnd, segmentNext);
    if (more >= <u32>left) {
      // Without a next segment there is no room from here.
      segmentEnd = segmentNext === 0 ? signAt : segmentNext + SIGNATURES;
      segmentNext = 0;
    }
    signed += more;
    count += rows;
    cut += cutHere;
    bytes += bytesHere;
    capturedBytes += load<f64>(WALKED, 24);
    first = min<u64>(first, timeOf(earliest));
    last = max<u64>(last, timeOf(latest));
    second = load<u32>(base + load<u32>(OFFSETS + ((rows - 1) << 2)) - header);
    at = next;
    if (changedCount > 0 || isFar(second, before)) break;
  }
  if (ended > 0 && at === begun) {
    // None of the next one: it isn't begun.
    ended--;
    first = firstBefore;
    last = lastBefore;
  }
  store<u32>(PASSED, count);
  store<u32>(PASSED, cut, 4);
  store<u32>(PASSED, signed, 8);
  store<u32>(PASSED, second, 12);
  store<f64>(PASSED, bytes, 16);
  store<f64>(PASSED, capturedBytes, 24);
  store<u32>(PASSED, recordCount, 32);
  store<u32>(PASSED, changedCount, 36);
  store<u32>(PASSED, ended, 40);
  if (count > 0) storeTimes(SECONDS, NANOSECONDS, first, last);
  return at;
}

/** Not all of the record at `at` that has to be there lies before `until`. */
function isCut(at: usize, until: usize, limit: u32, header: u32, ahead: u32): bool {
  if (at + header > until) return true;
  const there = load<u32>(at, 8);
  return there <= limit && at + header + there + ahead > until;
}

/** The earliest and the latest. */
function storeTimes(seconds: usize, nanoseconds: usize, first: u64, last: u64): void {
  store<f64>(seconds, <f64>(first >> 30));
  store<f64>(seconds, <f64>(last >> 30), 8);
  store<u32>(nanoseconds, <u32>(first & 0x3fffffff));
  store<u32>(nanoseconds, <u32>(last & 0x3fffffff), 4);
}
