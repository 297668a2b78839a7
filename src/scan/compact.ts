import type { RecordIndex } from './record-index.ts';
import { HAS_DATA, NOTE, RECORD, type Records, SIDE } from './records.ts';
import type { Signatures } from './signatures.ts';

const TCP = 6;
const RST = 4;
const REPEATS = 2;

/** What of a flow table was given up: numbers of conversations and of their packets are all that is left of them. */
export interface GivenUp {
  conversations: number;
  packets: number;
  /** Of the conversations: those that weren't plainly answered. */
  failing: number;
}

/** Half of the records are looked at by this many of them. */
const SAMPLE = 1024;

/**
 * Makes room: conversations that have been idle for longest go, those first that were answered to the end. What stays is moved to the
 * front and keeps its order. `leave` is told of each that goes.
 */
export function compact(
  records: Records,
  index: RecordIndex,
  signatures: Signatures,
  leave: (record: number) => void,
): GivenUp {
  const before = records.count;
  const old = medianOfLast(records);
  const givenUp: GivenUp = { conversations: 0, packets: 0, failing: 0 };
  let wellOld = 0;
  for (let record = 0; record < before; record++) {
    if (records.last(record) <= old && fareWell(records, record)) wellOld++;
  }
  // If those that fared well make no room, the others have to.
  const allOld = wellOld < before / 4;
  const moved = new Int32Array(before).fill(-1);
  let kept = 0;
  for (let record = 0; record < before; record++) {
    const well = fareWell(records, record);
    if (records.last(record) <= old && (well || allOld)) {
      leave(record);
      givenUp.conversations++;
      if (!well) givenUp.failing++;
      givenUp.packets += records.side(record, 0, SIDE.packets) + records.side(record, 1, SIDE.packets);
    } else {
      records.move(record, kept);
      moved[record] = kept++;
    }
  }
  records.cut(kept);
  index.clear();
  for (let record = 0; record < kept; record++) {
    const key = [RECORD.low, RECORD.high, RECORD.ports, RECORD.kind].map((word) =>
      records.word(record, word),
    );
    const [low = 0, high = 0, ports = 0, kind = 0] = key;
    index.insert(index.hash(low, high, ports, kind), record);
  }
  signatures.renumber(moved);
  return givenUp;
}

/** Answered, and nothing odd about it. */
function fareWell(records: Records, record: number): boolean {
  if ((records.word(record, RECORD.notes) & (NOTE.ttlFell | NOTE.nameError)) !== 0) return false;
  for (const side of [0, 1]) {
    if (records.side(record, side, SIDE.packets) === 0) return false;
    const rows = records.side(record, side, SIDE.rows);
    if (((rows >>> 16) & 127) >= REPEATS) return false;
    const reset = (records.side(record, side, SIDE.bits) & RST) !== 0;
    if (reset && (rows & HAS_DATA) === 0 && (records.word(record, RECORD.kind) & 255) === TCP) return false;
  }
  return true;
}

function medianOfLast(records: Records): number {
  const step = Math.max(1, Math.floor(records.count / SAMPLE));
  const times = [];
  for (let record = 0; record < records.count; record += step) times.push(records.last(record));
  times.sort((left, right) => left - right);
  return times[times.length >> 1] ?? Number.NEGATIVE_INFINITY;
}
