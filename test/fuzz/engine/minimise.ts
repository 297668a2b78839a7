/** Most runs that a smaller input is looked for in. */
const MOST_RUNS = 1500;

/** The input with as much taken out as still `isSame`. */
export async function minimised(
  input: Uint8Array,
  isSame: (smaller: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let runs = 0;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length && runs < MOST_RUNS; ) {
      const smaller = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]));
      runs++;
      if (await isSame(smaller)) best = smaller;
      else at += size;
    }
  }
  return best;
}
