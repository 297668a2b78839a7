/**
 * The hot loops of both readings, in AssemblyScript: what is done with every packet of a capture. `../kernel.ts` is the other side:
 * it fills the places that are named here, calls these functions, and reads what they leave. Rows are those of `../row.ts`, records
 * those of `../records.ts`, slots those of `../record-index.ts`; numbers of words are written out as bytes.
 *
 * Memory that is touched for the first time costs more than anything else here, so that what grows lies last, and where `place` says.
 */

/** What `walk` leaves besides: records, those cut, the earliest and the latest; bytes on the wire and captured, doubles. */
const WALKED: usize = 0x800;
/** What `pass` leaves: records, those cut, those signed, epoch seconds in the header of the last; bytes on the wire and captured, doubles. */
const PASSED: usize = 0x840;
/** For `sift`: one bit for each of the columns' records that is to be looked at in any case; what it finds; hashes of wanted conversations. */
const ANYWAY: usize = 0x900;
const SIFTED: usize = 0xa000;
const WANTED: usize = 0x14000;
const WANTED_MASK: u32 = 0x3ffff;
/** Columns of up to 1,024 records: where the frame begins in its block, captured and wire length, epoch seconds and nanoseconds. */
const OFFSETS: usize = 0x1000;
const CAPTURED: usize = 0x2000;
const LENGTHS: usize = 0x3000;
const SECONDS: usize = 0x4000;
const NANOSECONDS: usize = 0x6000;
/** Of each row its slot, then its record's number plus one; rows that have none. */
const NUMBERS: usize = 0x8000;
const MISSING: usize = 0x9000;
/** TTLs and MACs that changed, four words each: record << 1 | side, packets before, bits before, nothing. */
const CHANGED: usize = 0xe000;
/** One bit for each port whose datagrams are looked into. */
const LOOKED_INTO: usize = 0x12000;
const ROWS: usize = 0x20000;
/**
 * For `sumUp`, when all has been read: sums of packets, 32 bytes each (`CaptureFlows` says of what), in the order in which they came up, whatever the
 * seed; their index, of 16-bit slots; and records that are told one by one.
 */
const SUMS: usize = 0x40000;
const SUM_SLOTS: usize = 0x60000;
const SUM_MASK: u32 = 0x1fff;
const MOST_SUMS: u32 = 0x1000;
const ONE_BY_ONE: usize = 0x80000;
const MOST_ONE_BY_ONE: u32 = 0x10000;
/** Pairs of MACs, four words each; their index, of 16-bit slots. */
const MACS: usize = 0x160000;
const MAC_SLOTS: usize = 0x260000;
const MAC_MASK: u32 = 0x1ffff;
const MOST_MACS: u32 = 0x10000;
/** Of each point its packets, bytes, packets that were cut, first and last time, and from 8 on packets of each protocol: doubles. */
const POINTS: usize = 0x400000;
const POINT_BYTES: usize = 2112;

const COLUMNS: u32 = 1024;
/** Seconds: records of one capture that are further apart are looked at one by one; and so are packets of more bytes on the wire, which none has. */
const MOST_APART: i64 = 86400;
const MOST_WIRE: u32 = 1 << 20;

const USUAL_HEADERS: u32 = 54;
const USUAL_IPV4: u32 = 0x080045;
const TCP: u32 = 6;
const UDP: u32 = 17;
const SYN: u32 = 2;
const ACK: u32 = 16;

const HIGH: u32 = 1 << 16;
const NAME_ERROR: u32 = 2 << 16;
const ECHO: u32 = 4 << 16;
const ECHO_REQUEST: u32 = 8 << 16;
const CUT: u32 = 16 << 16;
const SEGMENT: u32 = 32 << 16;
const SAMPLED: u32 = 64 << 16;

const HIGH_FIRST: u32 = 1;
const CERTAIN: u32 = 2;
const HIGH_BEGAN: u32 = 4;
const TTL_FELL: u32 = 8;
const NOTE_NAME_ERROR: u32 = 32;
const NOTE_TOLD: u32 = 256;
const HIGH_LAST: u32 = 64;
/** In the lower bits of a sum's kind. */
const SENT: u32 = 1;
const RECEIVED: u32 = 2;
const HAS_DATA: u32 = 0x80000000;
const REPEATS: u32 = 0x7f0000;
const REPEAT_ONE: u32 = 0x10000;
/** Bytes of a segment of signatures. */
const SIGNATURES: usize = 1 << 18;
/** Bytes of payload that are signed. */
const DIGESTED: usize = 22;

let slots: usize = 0;
let mask: u32 = 0;
let firsts: usize = 0;
let records: usize = 0;
let recordCount: u32 = 0;
let macCount: u32 = 1;
let changedCount: u32 = 0;
let sumCount: u32 = 0;
let oneByOneCount: u32 = 0;
/** Where the next signature belongs, where its segment ends, and the segment after it. */
let signAt: usize = 0;
let signEnd: usize = 0;
let signNext: usize = 0;
/** Of `hashOf`. */
let seed: u32 = 0;
/** Epoch seconds from which signatures count their milliseconds. */
let since: f64 = 0;

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

export function setSeed(word: u32): void {
  seed = word;
}

export function setSince(time: f64): void {
  since = time;
}

export function getMacs(): u32 {
  return macCount;
}

function be16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

function holds(port: u32): bool {
  return ((load<u8>(LOOKED_INTO + (port >> 3)) >> <u8>(port & 7)) & 1) !== 0;
}

/** `hashOf` of record-index.ts. */
function hashOf(low: u32, high: u32, ports: u32, kind: u32): u32 {
  let hash = (low ^ (high >> 16) ^ (high << 16) ^ seed) * 0x9e3779b1;
  hash = (hash ^ (hash >> 15) ^ ports) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13) ^ high ^ kind) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

/** Number of a pair of MACs: the twelve bytes of an Ethernet header in network order. Of more than there is room for it is 0, which stands for none. */
export function numberOfMacs(a: u32, b: u32, c: u32): u32 {
  let hash = (a ^ (b >> 7) ^ (b << 25)) * 0x9e3779b1;
  hash = (hash ^ (hash >> 15) ^ c) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  let slot = (hash ^ (hash >> 16)) & MAC_MASK;
  while (true) {
    const known: u32 = load<u16>(MAC_SLOTS + (slot << 1));
    if (known === 0) break;
    const at: usize = MACS + (known << 4);
    if (load<u32>(at) === a && load<u32>(at, 4) === b && load<u32>(at, 8) === c) return known;
    slot = (slot + 1) & MAC_MASK;
  }
  if (macCount >= MOST_MACS) return 0;
  const number = macCount++;
  const at: usize = MACS + (number << 4);
  store<u32>(at, a);
  store<u32>(at, b, 4);
  store<u32>(at, c, 8);
  store<u16>(MAC_SLOTS + (slot << 1), <u16>number);
  return number;
}

function isFar(seconds: u32, others: u32): bool {
  return <u64>(<i64>seconds - <i64>others + MOST_APART) > <u64>(2 * MOST_APART);
}

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
  let bytes: u64 = 0;
  let capturedBytes: u64 = 0;
  let earliest: u32 = 0;
  let latest: u32 = 0;
  let first: u64 = u64.MAX_VALUE;
  let last: u64 = 0;
  let there: u32 = 0;
  let second: u32 = 0;
  let known = before;
  if (at + header <= end) {
    there = load<u32>(at, 8);
    second = load<u32>(at);
  }
  while (count < COLUMNS && at + header <= end) {
    const next = at + header + there;
    if (there === 0 || there > limit || next + ahead > end || isFar(second, known)) break;
    let following: u32 = 0;
    let later: u32 = 0;
    if (next + header <= end) {
      following = load<u32>(next, 8);
      later = load<u32>(next);
      if (following > limit || isFar(later, second)) break;
    }
    const wire = load<u32>(at, 12);
    if (wire < there || wire > MOST_WIRE) break;
    let seconds: u64 = second;
    let nanoseconds: u64 = <u64>load<u32>(at, 4) * unit;
    if (nanoseconds >= 1000000000) {
      seconds += nanoseconds / 1000000000;
      nanoseconds %= 1000000000;
    }
    store<u32>(OFFSETS + (count << 2), <u32>(at - base) + header);
    store<u32>(CAPTURED + (count << 2), there);
    store<u32>(LENGTHS + (count << 2), wire);
    store<f64>(SECONDS + (count << 3), <f64>seconds);
    store<u32>(NANOSECONDS + (count << 2), <u32>nanoseconds);
    bytes += wire;
    capturedBytes += there;
    cut += <u32>(there < wire);
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
    known = second;
    second = later;
  }
  store<u32>(WALKED, count);
  store<u32>(WALKED, cut, 4);
  store<u32>(WALKED, earliest, 8);
  store<u32>(WALKED, latest, 12);
  store<f64>(WALKED, <f64>bytes, 16);
  store<f64>(WALKED, <f64>capturedBytes, 24);
  return at;
}

/**
 * Rows from `row` on of the columns' records from `from` to `to`, as long as they are TCP or UDP in IPv4 without options behind an untagged
 * Ethernet header, which nearly all packets are. Gives the first record that isn't, else `to`. `known`: the kind's point; `base`: what the
 * columns' offsets are counted from.
 */
export function decode(from: u32, to: u32, row: u32, known: u32, base: usize): u32 {
  let out: usize = ROWS + (row << 6);
  let i = from;
  for (; i < to; i++) {
    const start: usize = base + load<u32>(OFFSETS + (i << 2));
    const there = load<u32>(CAPTURED + (i << 2));
    if (there < USUAL_HEADERS || be32(start + 12) >> 8 !== USUAL_IPV4) break;
    const head = be32(start);
    const wire = load<u32>(LENGTHS + (i << 2));
    const length = be16(start + 16);
    const second = be32(start + 18);
    const third = be16(start + 22);
    const source = be32(start + 26);
    const destination = be32(start + 30);
    if ((head & 0x01000000) !== 0 || (second & 0x3fff) !== 0) break;
    if (length + 14 > max(wire, there) || source === 0 || destination >> 28 >= 14) break;
    const protocol = third & 255;
    const ports = be32(start + 34);
    if (length < 20) break;
    let payload = length - 20;
    let bits = third & 0xff00;
    let behind = start + 38;
    if (protocol === TCP) {
      const rest = be16(start + 46);
      const header = (rest >> 12) << 2;
      if (header < 20 || header > payload) break;
      payload -= header;
      const sequence = be32(start + 38);
      store<u32>(out, sequence, 36);
      store<u32>(out, be32(start + 42), 40);
      bits |= rest & 255;
      bits |= select<u32>(SEGMENT, 0, payload > 1);
      bits |= select<u32>(SAMPLED, 0, payload > 0 && (sequence * 0x9e3779b1) >> 27 === 1);
    } else if (protocol === UDP) {
      const said = be16(start + 38);
      if (said < 8 || said > payload) break;
      if (holds(ports >> 16) || holds(ports & 0xffff)) break;
      payload -= 8;
      behind = start + 42;
      bits |= select<u32>(SAMPLED, 0, ((second >> 16) & 31) === 1);
    } else break;
    const isHigher = source > destination || (source === destination && ports >> 16 > (ports & 0xffff));
    const low = select<u32>(destination, source, isHigher);
    const high = select<u32>(source, destination, isHigher);
    const ordered = select<u32>(rotl<u32>(ports, 16), ports, isHigher);
    const kind = known | protocol;
    store<u32>(out, low);
    store<u32>(out, high, 4);
    store<u32>(out, ordered, 8);
    store<u32>(out, kind, 12);
    const seconds = load<f64>(SECONDS + (i << 3));
    store<f64>(out, seconds + <f64>load<i32>(NANOSECONDS + (i << 2)) / 1e9, 16);
    store<u32>(out, wire, 24);
    store<u32>(out, hashOf(low, high, ordered, kind), 28);
    store<u32>(out, payload, 32);
    store<u32>(out, bits | select<u32>(HIGH, 0, isHigher) | select<u32>(CUT, 0, there < wire), 44);
    store<u32>(out, second >> 16, 48);
    store<u32>(out, numberOfMacs(head, be32(start + 4), be32(start + 8)), 52);
    store<u32>(out, <u32>behind, 56);
    store<u32>(out, <u32>start + there, 60);
    out += 64;
  }
  return i;
}

/**
 * Of the columns' records from `from` to `to`, behind Ethernet headers: leaves the indices of those that are marked or may be of a wanted
 * conversation, and gives how many they are. None is left out but what is IPv4 without options whose ends have a hash that isn't wanted.
 * Marks begin with bit `first`.
 */
export function sift(from: u32, to: u32, known: u32, base: usize, first: u32): u32 {
  let found: u32 = 0;
  for (let i = from; i < to; i++) {
    const bit = first + i;
    store<u32>(SIFTED + (found << 2), i);
    found += <u32>(
      (((load<u32>(ANYWAY + ((bit >> 5) << 2)) >> (bit & 31)) & 1) !== 0 ||
        mayBeWanted(base + load<u32>(OFFSETS + (i << 2)), load<u32>(CAPTURED + (i << 2)), known))
    );
  }
  return found;
}

function mayBeWanted(start: usize, there: u32, known: u32): bool {
  if (there < 38 || be32(start + 12) >> 8 !== USUAL_IPV4) return true;
  const protocol: u32 = load<u8>(start, 23);
  if (protocol !== TCP && protocol !== UDP) return true;
  const source = be32(start + 26);
  const destination = be32(start + 30);
  const ports = be32(start + 34);
  const isHigher = source > destination || (source === destination && ports >> 16 > (ports & 0xffff));
  const hash =
    hashOf(
      select<u32>(destination, source, isHigher),
      select<u32>(source, destination, isHigher),
      select<u32>(rotl<u32>(ports, 16), ports, isHigher),
      known | protocol,
    ) & WANTED_MASK;
  return ((load<u8>(WANTED + (hash >> 3)) >> <u8>(hash & 7)) & 1) !== 0;
}

/** Counts the first rows for their points. */
export function tally(rows: u32): void {
  for (let i: u32 = 0; i < rows; ) {
    const point = load<u32>(ROWS + (i << 6), 12) >> 16;
    const own: usize = POINTS + point * POINT_BYTES;
    const begin = i;
    let bytes: u64 = 0;
    let cut: u32 = 0;
    let first = load<f64>(own, 24);
    let last = load<f64>(own, 32);
    for (; i < rows; i++) {
      const row: usize = ROWS + (i << 6);
      const kind = load<u32>(row, 12);
      if (kind >> 16 !== point) break;
      const time = load<f64>(row, 16);
      first = min<f64>(first, time);
      last = max<f64>(last, time);
      bytes += load<u32>(row, 24);
      cut += <u32>((load<u32>(row, 44) & CUT) !== 0);
      const protocol: usize = own + 64 + ((kind & 255) << 3);
      store<f64>(protocol, load<f64>(protocol) + 1);
    }
    store<f64>(own, load<f64>(own) + <f64>(i - begin));
    store<f64>(own, load<f64>(own, 8) + <f64>bytes, 8);
    store<f64>(own, load<f64>(own, 16) + <f64>cut, 16);
    store<f64>(own, first, 24);
    store<f64>(own, last, 32);
  }
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
  signAt = signing;
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
  if (count > 0) {
    store<f64>(SECONDS, <f64>(first >> 30));
    store<f64>(SECONDS, <f64>(last >> 30), 8);
    store<u32>(NANOSECONDS, <u32>(first & 0x3fffffff));
    store<u32>(NANOSECONDS, <u32>(last & 0x3fffffff), 4);
  }
  return at;
}

/** Of a record in the columns: epoch seconds, and nanoseconds as the lower 30 bits. */
function timeOf(i: u32): u64 {
  return ((<u64>load<f64>(SECONDS + (i << 3))) << 30) | load<u32>(NANOSECONDS + (i << 2));
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

/** How many changes of TTL or MACs the last `update` left. */
export function getChanged(): u32 {
  return changedCount;
}

/** Counts rows for their records; gives how many were signed. `at`, `end`, `next`: room for their signatures, four words each. */
export function update(from: u32, to: u32, at: usize, end: usize, next: usize): u32 {
  let signed: u32 = 0;
  signAt = at;
  signEnd = end;
  signNext = next;
  changedCount = 0;
  for (let i = from; i < to; i++) {
    const row: usize = ROWS + (i << 6);
    const number = load<u32>(NUMBERS + (i << 2)) - 1;
    const own: usize = records + (number << 6);
    const bits = load<u32>(row, 44);
    const side = (bits >> 16) & 1;
    const sent: usize = own + 32 + (side << 4);
    const time = load<f64>(row, 16);
    if (time >= load<f64>(own, 16)) store<f64>(own, time, 16);
    else if (time < load<f64>(firsts + (number << 3))) store<f64>(firsts + (number << 3), time);

    const packets = load<u32>(sent);
    store<u32>(sent, packets + 1);
    let notes = load<u32>(own, 24);
    const came = (bits & 0xff00) | (load<u32>(row, 52) << 16);
    const before = load<u32>(sent, 8);
    if (((before ^ came) & 0xffffff00) !== 0 && packets > 0) {
      const change: usize = CHANGED + (changedCount++ << 4);
      store<u32>(change, (number << 1) | side);
      store<u32>(change, packets, 4);
      store<u32>(change, before, 8);
      if ((before & 0xff00) > (bits & 0xff00)) notes |= TTL_FELL;
    }
    store<u32>(sent, came | ((before | bits) & 255), 8);

    let rows = load<u32>(sent, 12);
    rows |= select<u32>(HAS_DATA, 0, load<u32>(row, 32) !== 0);
    const sequence = load<u32>(sent, 4);
    if ((bits & SEGMENT) !== 0) {
      const now = load<u32>(row, 36);
      if (sequence !== now) {
        store<u32>(sent, now, 4);
        rows &= ~REPEATS;
      } else if ((rows & REPEATS) !== REPEATS) rows += REPEAT_ONE;
    }
    if ((bits & (SYN | NAME_ERROR | ECHO)) !== 0) notes = noteRow(notes, bits);

    // How long the other side has been silent.
    const current = select<u32>((rows & 255) + 1, 1, ((notes >> 6) & 1) === side);
    store<u32>(sent, (rows & 0xffffff00) | (current - (current >> 8)), 12);
    store<u32>(own, (notes & ~HIGH_LAST) | (side << 6), 24);
    if ((bits & SAMPLED) !== 0 || packets === 0) {
      sign(row, bits, (number << 1) | side, time);
      signed++;
    }
  }
  return signed;
}

/** Only TCP has flags, only others have these marks. */
function noteRow(notes: u32, bits: u32): u32 {
  const high = (bits & HIGH) !== 0;
  if ((bits & SYN) !== 0) {
    const answer = (bits & ACK) !== 0;
    let noted = notes;
    // Who began is certain after a SYN.
    if ((noted & CERTAIN) === 0) noted |= CERTAIN | select<u32>(HIGH_BEGAN, 0, high !== answer);
    const one: u32 = answer ? 1 << 24 : 1 << 16;
    const count = (noted >> (answer ? 24 : 16)) & 255;
    return count === 255 ? noted : noted + one;
  }
  let noted = notes;
  if ((bits & NAME_ERROR) !== 0) noted |= NOTE_NAME_ERROR;
  if ((bits & ECHO) !== 0 && (noted & CERTAIN) === 0) {
    noted |= CERTAIN | select<u32>(HIGH_BEGAN, 0, high === ((bits & ECHO_REQUEST) !== 0));
  }
  return noted;
}

function step(hash: u32, word: u32): u32 {
  const mixed = (hash ^ word) * 0x9e3779b1;
  return mixed ^ (mixed >> 15);
}

function finish(hash: u32): u32 {
  const mixed = (hash ^ (hash >> 16)) * 0x85ebca6b;
  return mixed ^ (mixed >> 13);
}

/** The signature of a row (`../signatures.ts`). */
function sign(row: usize, bits: u32, sent: u32, time: f64): void {
  const protocol = load<u32>(row, 12) & 255;
  const payload = load<u32>(row, 32);
  let one: u32 = protocol | 256;
  let other: u32 = protocol * 0x27d4eb2f;
  if (protocol === TCP) {
    const sequence = load<u32>(row, 36);
    const acknowledgement = load<u32>(row, 40);
    const rest = ((bits & 0x3f) << 24) ^ payload;
    one = step(step(step(one, sequence), acknowledgement), rest);
    other = step(step(step(other, rest), acknowledgement), sequence);
  } else {
    const id = load<u32>(row, 48) & 0xffff;
    one = step(one, id ^ (payload << 16));
    other = step(other, payload ^ (id << 16));
    let byte: usize = load<u32>(row, 56);
    const end = min<usize>(load<u32>(row, 60), byte + DIGESTED);
    for (; byte + 4 <= end; byte += 4) {
      const word = be32(byte);
      one = step(one, word);
      other = (other ^ (other >> 13) ^ word) * 0x5bd1e995;
    }
    for (; byte < end; byte++) {
      const value: u32 = load<u8>(byte);
      one = (one ^ value) * 0x01000193;
      other = (other ^ value) * 0x5bd1e995;
    }
  }
  store<u32>(signAt, finish(one));
  store<u32>(signAt, finish(other), 4);
  store<u32>(signAt, sent, 8);
  store<u32>(signAt, <u32>max<f64>(0, min<f64>((time - since) * 1000, 4294967295)), 12);
  signAt += 16;
  if (signAt === signEnd) signAt = signNext;
}
