/** What can be a record of a classic pcap. */

/** Seconds: records of one capture that are further apart are looked at one by one; and so are packets of more bytes on the wire, which none has. */
const MOST_APART: i64 = 86400;
export const MOST_WIRE: u32 = 1 << 20;
/** Nanoseconds. */
export const SECOND: u32 = 1000000000;

export function isFar(seconds: u32, others: u32): bool {
  return <u64>(<i64>seconds - <i64>others + MOST_APART) > <u64>(2 * MOST_APART);
}
