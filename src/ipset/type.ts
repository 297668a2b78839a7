/** How a set type is described (struct ip_set_type): its elements' dimensions and what it makes of them. */
import type { Family } from '../net/ip.ts';
import type { Dimension } from './dimension.ts';

export type CreateOption = 'netmask' | 'bitmask' | 'markmask' | 'range' | 'size';

export interface SetType {
  readonly name: string;
  /** Names of ipset 4 and older that are still taken. */
  readonly aliases?: readonly string[];
  readonly store: 'hash' | 'bitmap' | 'list';
  /** Families a set of it may have; none: it is asked about packets of both. */
  readonly families: readonly Family[];
  readonly dimensions: readonly Dimension[];
  /** The dimensions at the end that an element may lack. */
  readonly optional?: 1;
  /** Create options beyond those of every set of its store. */
  readonly options: readonly CreateOption[];
  /** IPSET_TYPE_NOMATCH: elements may be exceptions. */
  readonly nomatch?: true;
  /** An address that is 0, after the masks, is never in it and can't be added. */
  readonly refusesZero?: true;
}

/** Positions of the dimensions that hold networks. */
export function networksOf(type: SetType): number[] {
  return type.dimensions.flatMap((dimension, at) => (dimension.name === 'net' ? [at] : []));
}
