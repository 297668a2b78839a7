/** One packet out of a set, as plain values; of what the set leaves open it has what an ordinary packet has. */
import { PROTOCOL } from '../net/protocol.ts';
import type { Node } from './bdd.ts';
import { FIELDS, type Field } from './layout.ts';
import type { Space } from './space.ts';
import { bitAt } from './vector.ts';

export interface Sample {
  /** Fields as the packet comes, by number; addresses of IPv6 as bigints. Interfaces are codes of their alphabet. */
  readonly values: Readonly<Record<Field, number>> & { readonly addresses: readonly [Address, Address] };
  /** The value of every variable, also those of undecided conditions. */
  bit(level: number): boolean;
}

type Address = number | bigint;

/** What is taken where a set leaves the choice. */
const USUAL: Readonly<Partial<Record<Field, number>>> = {
  protocol: PROTOCOL.tcp,
  sourcePort: 40000,
  destinationPort: 443,
  tcpFlags: 2,
  ttl: 64,
  icmpType: 8,
  length: 60,
};
const USUAL_ADDRESSES = {
  4: { source: 0xc0000201, destination: 0xc6336407 },
  6: { source: 0x20010db8000000000000000000000001n, destination: 0x20010db8000000010000000000000007n },
} as const;

/** @returns undefined for the empty set */
export function sampleOf(space: Space, set: Node, usual = usualBits(space)): Sample | undefined {
  const picked = space.bdd.pick(space.bdd.and(set, space.domain), usual);
  if (!picked) return undefined;
  return sampleAt(space, (level) => picked.get(level) ?? usual(level));
}

export function sampleAt(space: Space, bit: (level: number) => boolean): Sample {
  const value = (field: Field): Address => {
    const levels = space.layout[field];
    const wide = levels.length > 32 && field !== 'mac';
    let number = 0;
    let big = 0n;
    for (const level of levels) {
      if (wide) big = big * 2n + (bit(level) ? 1n : 0n);
      else number = number * 2 + (bit(level) ? 1 : 0);
    }
    return wide ? big : number;
  };
  const values = Object.fromEntries(FIELDS.map((field) => [field, Number(value(field))])) as Record<
    Field,
    number
  >;
  return { values: { ...values, addresses: [value('source'), value('destination')] }, bit };
}

export function usualBits(
  space: Space,
  wanted: Readonly<Partial<Record<Field, Address>>> = {},
): (level: number) => boolean {
  const ones = new Set<number>();
  const usual = { ...USUAL, ...USUAL_ADDRESSES[space.family], ...wanted };
  if (space.family === 6 && wanted.icmpType === undefined) usual.icmpType = 128;
  for (const [field, value] of Object.entries(usual)) {
    const levels = space.layout[field as Field];
    for (const [i, level] of levels.entries()) if (bitAt(value, levels.length - 1 - i)) ones.add(level);
  }
  return (level) => ones.has(level);
}
