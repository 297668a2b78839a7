/** What a dump or a command says of IP sets (ipset(8)): plain values, each with the place it was read from. */
import type { Span } from '../base/span.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';

export interface IpSet {
  readonly name: string;
  readonly header: SetHeader;
  /** Undefined: only the header was printed (`ipset list -t`). */
  readonly entries?: readonly SetEntry[];
  readonly span: Span;
}

/** What `ipset create` was told, with the defaults that the kernel fills in. */
export interface SetHeader {
  /** `hash:net` … as types.ts lists them. */
  readonly type: string;
  /** Absent for types without addresses, or of whatever family. */
  readonly family?: Family;
  readonly hashsize?: number;
  readonly maxelem?: number;
  readonly netmask?: number;
  readonly bitmask?: Ip;
  readonly markmask?: number;
  /** First and last address or port of a bitmap. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Of a list:set. */
  readonly size?: number;
  /** Default in seconds, 0: elements stay for ever unless they say otherwise. Absent: elements have no timeouts. */
  readonly timeout?: number;
  readonly counters: boolean;
  readonly comment: boolean;
  readonly skbinfo: boolean;
  readonly forceadd: boolean;
  readonly bucketsize?: number;
  readonly initval?: number;
}

/** One `add`, or one line under `Members:`. */
export interface SetEntry extends EntryOptions {
  /** A part for each dimension of the type; the last may be missing where the type allows it. */
  readonly parts: readonly Part[];
  readonly span: Span;
}

export interface EntryOptions {
  /** Seconds left, 0: for ever. */
  readonly timeout?: number;
  readonly nomatch?: true;
  /** The interface's name is the beginning of one. */
  readonly wildcard?: true;
  readonly packets?: bigint;
  readonly bytes?: bigint;
  readonly comment?: string;
  readonly skbmark?: { readonly mark: number; readonly mask: number };
  /** major << 16 | minor */
  readonly skbprio?: number;
  readonly skbqueue?: number;
}

/** One dimension's value. Ranges and prefixes stand for several elements, as the type has it. */
export type Part =
  | AddressPart
  | RangePart
  | PortPart
  | { readonly kind: 'mac'; readonly mac: Mac }
  | { readonly kind: 'mark'; readonly mark: number }
  | IfacePart
  | MemberPart;

export interface AddressPart {
  readonly kind: 'address';
  readonly address: Ip;
  readonly length: number;
}

/** IPv4 only. */
export interface RangePart {
  readonly kind: 'range';
  readonly first: number;
  readonly last: number;
}

export interface PortPart {
  readonly kind: 'port';
  /** Absent in bitmap:port, which takes TCP and UDP alike. */
  readonly protocol?: number;
  /** ICMP: type << 8 | code. */
  readonly port: number;
  readonly last?: number;
}

export interface IfacePart {
  readonly kind: 'iface';
  readonly name: string;
  readonly physdev: boolean;
}

export interface MemberPart {
  readonly kind: 'member';
  readonly name: string;
  /** Where in the list it is put or looked for. */
  readonly place?: { readonly where: 'before' | 'after'; readonly name: string };
}
