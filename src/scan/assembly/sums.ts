/** What came alike, as one. */
import { hashOf } from './hash';
import { MOST_ONE_BY_ONE, MOST_SUMS, NOTE_TOLD, ONE_BY_ONE, SUM_MASK, SUM_SLOTS, SUMS } from './layout';
import { recordCount, records } from './table';

/** In the lower bits of a sum's kind. */
const SENT: u32 = 1;
const RECEIVED: u32 = 2;

let sumCount: u32 = 0;
let oneByOneCount: u32 = 0;

/**
 * Sums of the packets of records from `from` on, of what both sides sent and received, as many as there is room for; gives the first record that isn't
 * in them. Records of which something has been told are left out, and listed.
 */
export function sumUp(from: u32): u32 {
  memory.fill(SUM_SLOTS, 0, (SUM_MASK + 1) << 1);
  sumCount = 0;
  oneByOneCount = 0;
  let number = from;
  for (; number < recordCount; number++) {
    if (sumCount + 4 > MOST_SUMS || oneByOneCount === MOST_ONE_BY_ONE) break;
    const own: usize = records + (number << 6);
    if ((load<u32>(own, 24) & NOTE_TOLD) !== 0) {
      store<u32>(ONE_BY_ONE + (oneByOneCount++ << 2), number);
      continue;
    }
    const low = load<u32>(own);
    const high = load<u32>(own, 4);
    const kind = load<u32>(own, 12) & 0xffffff00;
    const up = load<u32>(own, 32);
    const down = load<u32>(own, 48);
    if (up > 0) addBoth(low, high, kind, load<u32>(own, 40), up);
    if (down > 0) addBoth(high, low, kind, load<u32>(own, 56), down);
  }
  return number;
}

/** How many sums the last `sumUp` left, and how many records it listed. */
export function getSums(): u32 {
  return sumCount;
}

export function getOneByOne(): u32 {
  return oneByOneCount;
}

/** What one sent with a TTL and a pair of MACs is what the other received with that pair. */
function addBoth(from: u32, to: u32, kind: u32, bits: u32, packets: u32): void {
  addSum(from, bits & 0xffffff00, kind | SENT, packets);
  addSum(to, bits & 0xffff0000, kind | RECEIVED, packets);
}

function addSum(word: u32, bits: u32, kind: u32, packets: u32): void {
  let at = hashOf(word, bits, 0, kind) & SUM_MASK;
  while (true) {
    const slot: u32 = load<u16>(SUM_SLOTS + (at << 1));
    if (slot === 0) break;
    const sum: usize = SUMS + ((slot - 1) << 5);
    if (load<u32>(sum) === word && load<u32>(sum, 4) === bits && load<u32>(sum, 8) === kind) {
      store<f64>(sum, load<f64>(sum, 16) + <f64>packets, 16);
      return;
    }
    at = (at + 1) & SUM_MASK;
  }
  const sum: usize = SUMS + (sumCount++ << 5);
  store<u32>(sum, word);
  store<u32>(sum, bits, 4);
  store<u32>(sum, kind, 8);
  store<f64>(sum, <f64>packets, 16);
  store<u16>(SUM_SLOTS + (at << 1), <u16>sumCount);
}
