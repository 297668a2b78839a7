/** Places in memory, in bytes, and the bits of rows and records. */

/** What `walk` leaves besides: records, those cut, the earliest and the latest; bytes on the wire and captured, doubles. */
export const WALKED: usize = 0x800;
/**
 * What `pass` leaves: records, those cut, those signed, epoch seconds in the header of the last; bytes on the wire and captured, doubles; conversations,
 * changes of the last rows, and stretches that ended.
 */
export const PASSED: usize = 0x840;
/**
 * Of each stretch that `pass` came to the end of, 32 bytes: epoch seconds of its earliest and latest record, doubles; their nanoseconds; where it
 * ends; records up to there.
 */
export const STRETCHES: usize = 0xa00;
export const MOST_STRETCHES: u32 = 48;
/** Of records of the columns: epoch seconds with their fraction, doubles. */
export const TIMES: usize = 0x1c000;
/** For `sift`: one bit for each of the columns' records that is to be looked at in any case; what it finds; hashes of wanted conversations. */
export const ANYWAY: usize = 0x900;
export const SIFTED: usize = 0xa000;
export const WANTED: usize = 0x14000;
export const WANTED_MASK: u32 = 0x3ffff;
/** Columns of up to 1,024 records: where the frame begins in its block, captured and wire length, epoch seconds and nanoseconds. */
export const OFFSETS: usize = 0x1000;
export const CAPTURED: usize = 0x2000;
export const LENGTHS: usize = 0x3000;
export const SECONDS: usize = 0x4000;
export const NANOSECONDS: usize = 0x6000;
/** Of each row its slot, then its record's number plus one; rows that have none. */
export const NUMBERS: usize = 0x8000;
export const MISSING: usize = 0x9000;
/** TTLs and MACs that changed, four words each: record << 1 | side, packets before, bits before, nothing. */
export const CHANGED: usize = 0xe000;
/** One bit for each port whose datagrams are looked into. */
export const LOOKED_INTO: usize = 0x12000;
export const ROWS: usize = 0x20000;
/**
 * For `sumUp`, when all has been read, where the blocks were: sums of packets, 32 bytes each (`CaptureFlows` says of what), in the order in which they
 * came up, whatever the seed; their index, of 16-bit slots; and records that are told one by one.
 */
export const SUMS: usize = 0x300000;
export const SUM_SLOTS: usize = 0x400000;
export const SUM_MASK: u32 = 0xffff;
export const MOST_SUMS: u32 = 0x8000;
export const ONE_BY_ONE: usize = 0x420000;
export const MOST_ONE_BY_ONE: u32 = 0x10000;
/** Pairs of MACs, four words each; their index, of 16-bit slots. */
export const MACS: usize = 0x160000;
export const MAC_SLOTS: usize = 0x260000;
export const MAC_MASK: u32 = 0x1ffff;
export const MOST_MACS: u32 = 0x10000;
/** For `knownMacs`: pairs, four words each, by so many bits of their hash. */
export const KNOWN_MACS: usize = 0x500000;
export const KNOWN_BITS: u32 = 12;
/** Of each point its packets, bytes, packets that were cut, first and last time, and from 8 on packets of each protocol: doubles. */
export const POINTS: usize = 0x510000;
export const POINT_BYTES: usize = 2112;

export const COLUMNS: u32 = 1024;

/** EtherType 0800 and a header of version 4 and 20 bytes: three bytes of a word that is read the other way round. */
export const USUAL_IPV4: u32 = 0x450008;
export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const SYN: u32 = 2;
export const ACK: u32 = 16;

export const HIGH: u32 = 1 << 16;
export const NAME_ERROR: u32 = 2 << 16;
export const ECHO: u32 = 4 << 16;
export const ECHO_REQUEST: u32 = 8 << 16;
export const CUT: u32 = 16 << 16;
export const SEGMENT: u32 = 32 << 16;
export const SAMPLED: u32 = 64 << 16;

export const HIGH_FIRST: u32 = 1;
export const CERTAIN: u32 = 2;
export const HIGH_BEGAN: u32 = 4;
export const TTL_FELL: u32 = 8;
export const NOTE_NAME_ERROR: u32 = 32;
export const NOTE_TOLD: u32 = 256;
export const HIGH_LAST: u32 = 64;
/** Bytes of a segment of signatures. */
export const SIGNATURES: usize = 1 << 18;
