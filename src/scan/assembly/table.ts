/** The flow table: slots, and the records that they name. */
import { hashOf } from './hash';
import { HIGH, HIGH_FIRST, MISSING, NUMBERS, ROWS } from './layout';

let slots: usize = 0;
let mask: u32 = 0;
export let firsts: usize = 0;
export let records: usize = 0;
export let recordCount: u32 = 0;

export function place(slotsAt: u32, slotCount: u32, firstsAt: u32, recordsAt: u32): void {
  slots = slotsAt;
  mask = slotCount - 1;
  firsts = firstsAt;
  records = recordsAt;
}

export function getRecords(): u32 {
  return recordCount;
}

export function setRecords(count: u32): void {
  recordCount = count;
}

/** Finds the records of the first rows; gives how many rows have none, or perhaps none. Nothing is changed. */
export function lookUp(rows: u32): u32 {
  // Without branches that hang on it, so that many slots are waited for at once.
  for (let i: u32 = 0; i < rows; i++) {
    const hash = load<u32>(ROWS + (i << 6), 28);
    store<u32>(NUMBERS + (i << 2), load<u32>(slots + ((hash & mask) << 2)));
  }
  for (let i: u32 = 0; i < rows; i++) {
    const hash = load<u32>(ROWS + (i << 6), 28);
    let slot = load<u32>(NUMBERS + (i << 2));
    let at = hash & mask;
    while (slot !== 0 && (slot ^ hash) >> 24 !== 0) {
      at = (at + 1) & mask;
      slot = load<u32>(slots + (at << 2));
    }
    store<u32>(NUMBERS + (i << 2), slot & 0xffffff);
  }
  let missing: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const row: usize = ROWS + (i << 6);
    // Where there is none, the place before the first record is looked at, which is empty: no key of a packet is.
    const own: usize = records - 64 + (load<u32>(NUMBERS + (i << 2)) << 6);
    const differs = (load<u64>(own) ^ load<u64>(row)) | (load<u64>(own, 8) ^ load<u64>(row, 8));
    store<u32>(MISSING + (missing << 2), i);
    missing += <u32>(differs !== 0);
  }
  return missing;
}

/** Finds or makes records for the rows that `lookUp` found none for. There must be room. */
export function enterMissing(missing: u32): void {
  for (let m: u32 = 0; m < missing; m++) enter(load<u32>(MISSING + (m << 2)));
}

export function enter(i: u32): void {
  const row: usize = ROWS + (i << 6);
  const one = load<u64>(row);
  const other = load<u64>(row, 8);
  const hash = load<u32>(row, 28);
  let at = hash & mask;
  while (true) {
    const slot = load<u32>(slots + (at << 2));
    if (slot === 0) break;
    if (slot >> 24 === hash >> 24) {
      const own: usize = records - 64 + ((slot & 0xffffff) << 6);
      if (load<u64>(own) === one && load<u64>(own, 8) === other) {
        store<u32>(NUMBERS + (i << 2), slot & 0xffffff);
        return;
      }
    }
    at = (at + 1) & mask;
  }
  const number = recordCount++;
  const own: usize = records + (number << 6);
  store<u64>(own, one);
  store<u64>(own, other, 8);
  const time = load<f64>(row, 16);
  store<f64>(own, time, 16);
  store<f64>(firsts + (number << 3), time);
  store<u32>(own, select<u32>(HIGH_FIRST, 0, (load<u32>(row, 44) & HIGH) !== 0), 24);
  store<u32>(slots + (at << 2), (hash & 0xff000000) | (number + 1));
  store<u32>(NUMBERS + (i << 2), number + 1);
}

/** All records into slots that are empty. */
export function index(): void {
  for (let number: u32 = 0; number < recordCount; number++) {
    const own: usize = records + (number << 6);
    const hash = hashOf(load<u32>(own), load<u32>(own, 4), load<u32>(own, 8), load<u32>(own, 12));
    let at = hash & mask;
    while (load<u32>(slots + (at << 2)) !== 0) at = (at + 1) & mask;
    store<u32>(slots + (at << 2), (hash & 0xff000000) | (number + 1));
  }
}
