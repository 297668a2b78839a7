/** From columns to rows. */
import { be16, be32 } from './bytes';
import { hashOf } from './hash';
import {
  CAPTURED,
  CUT,
  HIGH,
  LENGTHS,
  LOOKED_INTO,
  NANOSECONDS,
  OFFSETS,
  ROWS,
  SAMPLED,
  SECONDS,
  SEGMENT,
  TCP,
  TIMES,
  UDP,
  USUAL_IPV4,
} from './layout';
import { knownMacs } from './macs';

const USUAL_HEADERS: u32 = 54;
/** More fragments, and an offset: as a word that is read the other way round. */
const FRAGMENT: u32 = 0xff3f;

/** Records whose times are reckoned at once: a division takes long, several beside each other hardly longer. */
const TIMED: u32 = 32;

function setTimes(from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const seconds = load<f64>(SECONDS + (i << 3));
    store<f64>(TIMES + (i << 3), seconds + <f64>load<i32>(NANOSECONDS + (i << 2)) / 1e9);
  }
}

/** Of the rows of a `decode` that came to its end so many are TCP's. */
export let decodedTcp: u32 = 0;

function holds(port: u32): bool {
  return ((load<u8>(LOOKED_INTO + (port >> 3)) >> <u8>(port & 7)) & 1) !== 0;
}

/**
 * Rows from `row` on of the columns' records from `from` to `to`, as long as they are TCP or UDP in IPv4 without options behind an untagged
 * Ethernet header, which nearly all packets are. Gives the first record that isn't, else `to`. `known`: the kind's point; `base`: what the
 * columns' offsets are counted from.
 */
export function decode(from: u32, to: u32, row: u32, known: u32, base: usize): u32 {
  let out: usize = ROWS + (row << 6);
  let i = from;
  let timed = from;
  let tcp: u32 = 0;
  for (; i < to; i++) {
    if (i === timed) {
      timed = min<u32>(to, timed + TIMED);
      setTimes(i, timed);
    }
    const start: usize = base + load<u32>(OFFSETS + (i << 2));
    const there = load<u32>(CAPTURED + (i << 2));
    // Words of which only bits are asked stay as they lie there.
    if (there < USUAL_HEADERS || (load<u32>(start, 12) & 0xffffff) !== USUAL_IPV4) break;
    if ((load<u8>(start) & 1) !== 0 || (load<u16>(start, 20) & FRAGMENT) !== 0) break;
    const wire = load<u32>(LENGTHS + (i << 2));
    const length = be16(start + 16);
    if (length < 20 || length + 14 > max(wire, there)) break;
    store<u32>(out, wire, 24);
    store<u32>(out, <u32>start + there, 60);
    store<f64>(out, load<f64>(TIMES + (i << 3)), 16);
    let bits = ((<u32>load<u8>(start, 22)) << 8) | select<u32>(CUT, 0, there < wire);
    const id = be16(start + 18);
    store<u32>(out, id, 48);
    let payload = length - 20;
    const protocol: u32 = load<u8>(start, 23);
    const ports = be32(start + 34);
    if (protocol === TCP) {
      const header = (<u32>load<u8>(start, 46) >> 4) << 2;
      if (header < 20 || header > payload) break;
      tcp++;
      payload -= header;
      const sequence = be32(start + 38);
      store<u32>(out, sequence, 36);
      store<u32>(out, be32(start + 42), 40);
      bits |= load<u8>(start, 47);
      bits |= select<u32>(SEGMENT, 0, payload > 1);
      bits |= select<u32>(SAMPLED, 0, <u32>(payload > 0) & <u32>((sequence * 0x9e3779b1) >> 27 === 1));
      store<u32>(out, <u32>start + 38, 56);
    } else if (protocol === UDP) {
      const said = be16(start + 38);
      if (said < 8 || said > payload) break;
      if (holds(ports >> 16) || holds(ports & 0xffff)) break;
      payload -= 8;
      bits |= select<u32>(SAMPLED, 0, (id & 31) === 1);
      store<u32>(out, <u32>start + 42, 56);
    } else break;
    store<u32>(out, payload, 32);
    const source = be32(start + 26);
    const destination = be32(start + 30);
    if (source === 0 || destination >> 28 >= 14) break;
    const isHigher =
      (((<u64>source) << 16) | (ports >> 16)) > (((<u64>destination) << 16) | (ports & 0xffff));
    store<u32>(out, bits | select<u32>(HIGH, 0, isHigher), 44);
    const low = select<u32>(destination, source, isHigher);
    const high = select<u32>(source, destination, isHigher);
    const ordered = select<u32>(rotl<u32>(ports, 16), ports, isHigher);
    const kind = known | protocol;
    store<u32>(out, low);
    store<u32>(out, high, 4);
    store<u32>(out, ordered, 8);
    store<u32>(out, kind, 12);
    store<u32>(out, hashOf(low, high, ordered, kind), 28);
    store<u32>(out, knownMacs(start), 52);
    out += 64;
  }
  decodedTcp = tcp;
  return i;
}
