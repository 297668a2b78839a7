/** Signatures (`../signatures.ts`). */
import { be32 } from './bytes';
import { TCP } from './layout';

/** Bytes of payload that are signed. */
const DIGESTED: usize = 22;

/** Where the next signature belongs, where its segment ends, and the segment after it. */
export let signAt: usize = 0;
let signEnd: usize = 0;
let signNext: usize = 0;
/** Epoch seconds from which signatures count their milliseconds. */
let since: f64 = 0;

export function signInto(at: usize, end: usize, next: usize): void {
  signAt = at;
  signEnd = end;
  signNext = next;
}

export function setSince(time: f64): void {
  since = time;
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
export function sign(row: usize, bits: u32, sent: u32, time: f64): void {
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
