/** What is asked for of flows and packets: one tree, whether it was said as `--flow`, `--host` … or as an expression. */
import type { Family } from '../net/ip.ts';
import type { Prefix } from '../net/prefix.ts';
import type { TimeRange } from './time.ts';

/** Of a packet its source and destination; of a flow the end that began and the one that it addressed. */
export type Side = 'either' | 'source' | 'destination';

/** An address or network, or the name of something that the dumps know the addresses of (`resolveNames`). */
export type Host =
  | { readonly prefix: Prefix }
  | { readonly name: string; readonly prefixes?: readonly Prefix[] };

/** Both included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Without a host or ports: any. */
export interface End {
  readonly host?: Host;
  readonly ports?: PortRange;
}

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'host'; readonly side: Side; readonly host: Host }
  | { readonly kind: 'port'; readonly side: Side; readonly ports: PortRange }
  /** IP protocol number, `ARP_PROTOCOL` for ARP. */
  | { readonly kind: 'protocol'; readonly protocol: number }
  | { readonly kind: 'family'; readonly family: Family }
  /** `to`: from the left to the right; `between`: whoever began. */
  | { readonly kind: 'flow'; readonly way: 'to' | 'between'; readonly left: End; readonly right: End }
  | { readonly kind: 'time'; readonly range: TimeRange };

/** Stands for ARP where IP protocols stand by their numbers: its EtherType. */
export const ARP_PROTOCOL = 0x806;

export function allOf(parts: readonly Filter[]): Filter {
  return joined('and', parts);
}

export function anyOf(parts: readonly Filter[]): Filter {
  return joined('or', parts);
}

/** One of one kind within another of it is one list. */
function joined(kind: 'and' | 'or', parts: readonly Filter[]): Filter {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const [only] = flat;
  return only && flat.length === 1 ? only : { kind, parts: flat };
}
