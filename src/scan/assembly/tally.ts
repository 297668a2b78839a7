/** What a point saw. */
import { CUT, POINT_BYTES, POINTS, ROWS } from './layout';

/** Counts the first rows for their points. */
export function tally(rows: u32): void {
  for (let i: u32 = 0; i < rows; ) {
    const point = load<u32>(ROWS + (i << 6), 12) >> 16;
    const own: usize = POINTS + <usize>point * POINT_BYTES;
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
