/** From rows to records. */
import {
  ACK,
  CERTAIN,
  CHANGED,
  ECHO,
  ECHO_REQUEST,
  HIGH,
  HIGH_BEGAN,
  HIGH_LAST,
  NAME_ERROR,
  NOTE_NAME_ERROR,
  NUMBERS,
  ROWS,
  SAMPLED,
  SEGMENT,
  SYN,
  TTL_FELL,
} from './layout';
import { sign, signInto } from './sign';
import { firsts, records } from './table';

const HAS_DATA: u32 = 0x80000000;
const REPEATS: u32 = 0x7f0000;
const REPEAT_ONE: u32 = 0x10000;

export let changedCount: u32 = 0;

/** How many changes of TTL or MACs the last `update` left. */
export function getChanged(): u32 {
  return changedCount;
}

/** Counts rows for their records; gives how many were signed. `at`, `end`, `next`: room for their signatures, four words each. */
export function update(from: u32, to: u32, at: usize, end: usize, next: usize): u32 {
  let signed: u32 = 0;
  signInto(at, end, next);
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
