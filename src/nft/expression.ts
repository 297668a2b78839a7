/** Expressions of an nft rule, close to libnftables-json(5), with every constant resolved by the datatype of what it is held against. */
import type { Datatype } from './datatype.ts';
import type { CtKey, MetaKey } from './keys.ts';
import type { SetElement } from './set.ts';
import type { Verdict } from './verdict.ts';

export type Expression =
  | Constant
  | Text
  | { readonly kind: 'range'; readonly from: Expression; readonly to: Expression }
  | { readonly kind: 'prefix'; readonly address: Expression; readonly length: number }
  /** `*` as a set element: whatever no other element holds. */
  | { readonly kind: 'any' }
  /** `a, b` without braces: bits of one bitmask. */
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
  /** `{ … }`, also of a map: then its elements have data. */
  | { readonly kind: 'set'; readonly elements: readonly SetElement[] }
  /** `@name`: a set or map of the same table. */
  | { readonly kind: 'set-ref'; readonly name: string }
  | { readonly kind: 'map'; readonly key: Expression; readonly data: Expression }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | Payload
  | ExtensionHeader
  | Option
  | { readonly kind: 'meta'; readonly key: MetaKey }
  | {
      readonly kind: 'ct';
      readonly key: CtKey;
      readonly direction?: 'original' | 'reply';
      /** `ct original ip saddr`: the family as it was written. */
      readonly family?: 'ip' | 'ip6';
    }
  | {
      readonly kind: 'fib';
      readonly flags: readonly ('saddr' | 'daddr' | 'mark' | 'iif' | 'oif')[];
      readonly result: 'oif' | 'oifname' | 'type' | 'check';
    }
  | {
      readonly kind: 'rt';
      readonly key: 'classid' | 'nexthop' | 'mtu' | 'ipsec';
      readonly family?: 'ip' | 'ip6';
    }
  | {
      readonly kind: 'socket';
      readonly key: 'transparent' | 'mark' | 'wildcard' | 'cgroupv2';
      readonly level?: number;
    }
  | {
      readonly kind: 'numgen';
      readonly mode: 'inc' | 'random';
      readonly mod: number;
      readonly offset: number;
    }
  | {
      readonly kind: 'jhash';
      readonly expression: Expression;
      /** Absent: the hash as it is, or a seed the kernel drew at random when `seed` is absent too. */
      readonly mod: number;
      readonly seed?: number;
      readonly offset: number;
    }
  | { readonly kind: 'symhash'; readonly mod: number; readonly offset: number }
  | {
      readonly kind: 'binary';
      readonly op: '&' | '|' | '^' | '<<' | '>>';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'osf'; readonly key: 'name' | 'version'; readonly ttl?: 'loose' | 'skip' }
  | {
      readonly kind: 'ipsec';
      readonly direction: 'in' | 'out';
      readonly spnum: number;
      readonly key: 'reqid' | 'spi' | 'saddr' | 'daddr';
      readonly family?: 'ip' | 'ip6';
    }
  /** What the reader did not know, as it was written, and why. */
  | { readonly kind: 'unknown'; readonly text: string; readonly why: string };

/**
 * A number of its datatype, unsigned: an IPv4 or IPv6 address, a port, a mark, bits of a state … A time (`time`, timeouts) is in the
 * datatype's unit. Its width is the datatype's, or that of what it is compared with.
 */
export interface Constant {
  readonly kind: 'constant';
  readonly type: Datatype;
  readonly value: bigint;
}

/** An interface (also for `iif`: the index belongs to the namespace), a helper, a name that only the machine's tables resolve. */
export interface Text {
  readonly kind: 'text';
  readonly type: Datatype;
  /** Without the `*`. */
  readonly value: string;
  /** `eth*`: any name that begins so. */
  readonly wildcard: boolean;
}

/** `ll` link layer, `nh` network header, `th` transport header, `ih` what follows the transport header. */
export type PayloadBase = 'll' | 'nh' | 'th' | 'ih';

/** Bytes of the packet at an offset from one of its headers (nft_payload). */
export interface Payload {
  readonly kind: 'payload';
  /** Absent for `@th,16,16`, which asks for no protocol first. */
  readonly header?: { readonly protocol: string; readonly field: string };
  readonly base: PayloadBase;
  /** In bits. */
  readonly offset: number;
  readonly bits: number;
  readonly type: Datatype;
}

/** IPv6 extension headers and SCTP chunks (nft_exthdr). `exists`: `exthdr hbh exists`, without a field. */
export interface ExtensionHeader {
  readonly kind: 'exthdr';
  /** `hbh`, `rt`, `rt0`, `rt2`, `srh`, `frag`, `dst`, `mh`, `sctp` */
  readonly header: string;
  /** Header number (RFC 8200), or the chunk's type. */
  readonly number: number;
  readonly field?: string;
  /** In bits, from the header's start. */
  readonly offset: number;
  readonly bits: number;
  readonly type: Datatype;
  /** Name of the SCTP chunk. */
  readonly chunk?: string;
}

/** An option of TCP, IPv4 or DCCP. Without a field: is it there? */
export interface Option {
  readonly kind: 'option';
  readonly header: 'tcp' | 'ip' | 'dccp';
  /** `maxseg`, `sack0`, or the number as text. */
  readonly name: string;
  /** Kind (TCP), type octet with copy bit (IPv4). */
  readonly number: number;
  readonly field?: string;
  /** In bits, from the option's start. */
  readonly offset: number;
  readonly bits: number;
  readonly type: Datatype;
}
