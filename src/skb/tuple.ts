import type { Family, Ip } from '../net/ip.ts';

/**
 * What conntrack knows one direction of a connection by (struct nf_conntrack_tuple). For ICMP, `sourcePort` is the
 * query's id and `destinationPort` is `type << 8 | code` of that direction; for protocols without ports both are 0.
 * Immutable; `reply` of a tuple is made by conntrack, which knows ICMP's types.
 */
export interface Tuple {
  readonly family: Family;
  readonly protocol: number;
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** conntrack zone, 0 when none. */
  readonly zone: number;
}

/** One Map key for equal tuples. */
export function tupleKey(tuple: Tuple): string {
  return `${tuple.protocol} ${tuple.source} ${tuple.sourcePort} ${tuple.destination} ${tuple.destinationPort} ${tuple.zone} ${tuple.family}`;
}
