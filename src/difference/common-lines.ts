/** The longest common subsequence of two lists, as Myers finds it (An O(ND) Difference Algorithm, 1986). */

/** Lines that only one list has, at most; beyond that all between the common ends count as different. */
const MOST_EDITS = 1500;

/** @returns for each line of `left` the place of its partner in `right`, or -1 */
export function commonLines(left: readonly string[], right: readonly string[]): Int32Array {
  const partner = new Int32Array(left.length).fill(-1);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) {
    partner[start] = start;
    start++;
  }
  let [leftEnd, rightEnd] = [left.length, right.length];
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    partner[--leftEnd] = --rightEnd;
  }
  match(left, right, start, leftEnd, rightEnd, partner);
  return partner;
}

/** `furthest[k]` of a round: how far in `left` one gets with so many edits on diagonal k. */
function match(
  left: readonly string[],
  right: readonly string[],
  start: number,
  leftEnd: number,
  rightEnd: number,
  partner: Int32Array,
): void {
  const [n, m] = [leftEnd - start, rightEnd - start];
  if (n === 0 || m === 0) return;
  const most = Math.min(n + m, MOST_EDITS);
  const rounds: Int32Array[] = [];
  let before = new Int32Array(3);
  for (let edits = 0; edits <= most; edits++) {
    const reached = new Int32Array(2 * edits + 3);
    for (let k = -edits; k <= edits; k += 2) {
      const below = at(before, edits - 1, k - 1);
      const above = at(before, edits - 1, k + 1);
      let x = edits === 0 ? 0 : k === -edits || (k !== edits && below < above) ? above : below + 1;
      while (x < n && x - k < m && left[start + x] === right[start + x - k]) x++;
      reached[k + edits + 1] = x;
      if (x < n || x - k < m) continue;
      rounds.push(reached);
      walkBack(rounds, k, start, partner);
      return;
    }
    rounds.push(reached);
    before = reached;
  }
}

function at(reached: Int32Array, edits: number, k: number): number {
  return reached[k + edits + 1] ?? 0;
}

function walkBack(rounds: readonly Int32Array[], last: number, start: number, partner: Int32Array): void {
  let k = last;
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const x = at(rounds[edits] as Int32Array, edits, k);
    const earlier = rounds[edits - 1];
    const below = earlier ? at(earlier, edits - 1, k - 1) : 0;
    const above = earlier ? at(earlier, edits - 1, k + 1) : 0;
    const down = k === -edits || (k !== edits && below < above);
    const from = earlier ? (down ? above : below + 1) : 0;
    for (let common = x - 1; common >= from; common--) partner[start + common] = start + common - k;
    k = down ? k + 1 : k - 1;
  }
}
