/** Conditions on a number whose bits are sets of packets, the highest bit first. */
import type { Bdd, Node } from './bdd.ts';
import { ALL, NONE } from './bdd.ts';

export type Vector = readonly Node[];
type Value = number | bigint;

/** The bit that stands `place` places above the lowest. */
export function bitAt(value: Value, place: number): boolean {
  if (typeof value === 'bigint') return ((value >> BigInt(place)) & 1n) === 1n;
  return place < 32 ? ((value >>> place) & 1) === 1 : (Math.floor(value / 2 ** place) & 1) === 1;
}

/** Where the number is `value` in the bits of `mask`; never, when `value` has bits outside it. */
export function equals(bdd: Bdd, bits: Vector, value: Value, mask?: Value): Node {
  let set = ALL;
  for (let place = 0; place < bits.length; place++) {
    const bit = bits[bits.length - 1 - place] as Node;
    const wanted = bitAt(value, place);
    if (mask === undefined || bitAt(mask, place)) set = wanted ? bdd.and(bit, set) : bdd.diff(set, bit);
    else if (wanted) return NONE;
  }
  return set;
}

export function atLeast(bdd: Bdd, bits: Vector, least: Value): Node {
  let set = ALL;
  for (let place = 0; place < bits.length; place++) {
    const bit = bits[bits.length - 1 - place] as Node;
    set = bitAt(least, place) ? bdd.and(bit, set) : bdd.or(bit, set);
  }
  return set;
}

export function atMost(bdd: Bdd, bits: Vector, most: Value): Node {
  let set = ALL;
  for (let place = 0; place < bits.length; place++) {
    const bit = bits[bits.length - 1 - place] as Node;
    set = bitAt(most, place) ? bdd.ite(bit, set, ALL) : bdd.diff(set, bit);
  }
  return set;
}

/** min <= number <= max; never, when the ends are reversed. */
export function inRange(bdd: Bdd, bits: Vector, min: Value, max: Value): Node {
  if (min > max) return NONE;
  return bdd.and(atLeast(bdd, bits, min), atMost(bdd, bits, max));
}

/** Where two numbers of the same width differ. */
export function differs(bdd: Bdd, left: Vector, right: Vector): Node {
  return left.reduce((set, bit, i) => bdd.or(set, bdd.xor(bit, right[i] as Node)), NONE);
}

/** number + addend, and where that overflows. */
export function add(bdd: Bdd, bits: Vector, addend: number): { sum: Node[]; overflow: Node } {
  const sum: Node[] = new Array(bits.length).fill(NONE);
  let carry = NONE;
  for (let place = 0; place < bits.length; place++) {
    const at = bits.length - 1 - place;
    const bit = bits[at] as Node;
    if (bitAt(addend, place)) {
      sum[at] = bdd.not(bdd.xor(bit, carry));
      carry = bdd.or(bit, carry);
    } else {
      sum[at] = bdd.xor(bit, carry);
      carry = bdd.and(bit, carry);
    }
  }
  return { sum, overflow: carry };
}

/** The prefixes' union, for a number that is made of variables: `levels`, the highest bit first. */
export function unionOfPrefixes(
  bdd: Bdd,
  levels: readonly number[],
  prefixes: readonly { readonly address: Value; readonly length: number }[],
): Node {
  const width = levels.length;
  const go = (from: readonly (typeof prefixes)[number][], depth: number): Node => {
    if (from.length === 0) return NONE;
    if (from.some(({ length }) => length <= depth)) return ALL;
    const ones: (typeof prefixes)[number][] = [];
    const zeros: (typeof prefixes)[number][] = [];
    for (const each of from) (bitAt(each.address, width - 1 - depth) ? ones : zeros).push(each);
    return bdd.make(levels[depth] as number, go(zeros, depth + 1), go(ones, depth + 1));
  };
  return go(prefixes, 0);
}
