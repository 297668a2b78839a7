/** What a point saw. */
import { CUT, POINT_BYTES, POINTS, ROWS, TCP, UDP } from './layout';

/** Counts the first rows for their points. */
export function tally(rows: u32): void {
  for (let i: u32 = 0; i < rows; ) {
    const point = load<u32>(ROWS + (i << 6), 12) >> 16;
    const own: usize = POINTS + <usize>point * POINT_BYTES;
    const begin = i;
    let bytes: u64 = 0;
    let cut: u32 = 0;
    let tcp: u32 = 0;
    let udp: u32 = 0;
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
      // Nearly all are one of these, and a sum in memory waits for the one before.
      const protocol = kind & 255;
      tcp += <u32>(protocol === TCP);
      udp += <u32>(protocol === UDP);
      if (protocol !== TCP && protocol !== UDP) count(own, protocol, 1);
    }
    count(own, TCP, tcp);
    count(own, UDP, udp);
    store<f64>(own, load<f64>(own) + <f64>(i - begin));
    store<f64>(own, load<f64>(own, 8) + <f64>bytes, 8);
    store<f64>(own, load<f64>(own, 16) + <f64>cut, 16);
    store<f64>(own, first, 24);
    store<f64>(own, last, 32);
  }
}

/** The same of rows that are all of one point's TCP and UDP: what is known of them as a whole. */
export function tallyAll(
  point: u32,
  rows: u32,
  bytes: f64,
  cut: u32,
  tcp: u32,
  earliest: u32,
  latest: u32,
): void {
  const own: usize = POINTS + <usize>point * POINT_BYTES;
  count(own, TCP, tcp);
  count(own, UDP, rows - tcp);
  store<f64>(own, load<f64>(own) + <f64>rows);
  store<f64>(own, load<f64>(own, 8) + bytes, 8);
  store<f64>(own, load<f64>(own, 16) + <f64>cut, 16);
  store<f64>(own, min<f64>(load<f64>(own, 24), load<f64>(ROWS + (earliest << 6), 16)), 24);
  store<f64>(own, max<f64>(load<f64>(own, 32), load<f64>(ROWS + (latest << 6), 16)), 32);
}

function count(point: usize, protocol: u32, packets: u32): void {
  const at: usize = point + 64 + (protocol << 3);
  store<f64>(at, load<f64>(at) + <f64>packets);
}
