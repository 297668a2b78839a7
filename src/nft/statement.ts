/** Statements of an nft rule, in the order they stand: the first match that fails ends the rule. */
import type { Expression, Option, Payload } from './expression.ts';
import type { ObjectKind, SetElement } from './set.ts';
import type { Verdict } from './verdict.ts';

/**
 * `implicit`: no operator was written (JSON: `in`): any of the bits for a bitmask, else equality or membership.
 * `!`: none of the bits. A range, prefix, set or text with `*` on the right is membership for `==` and `implicit`.
 */
export type Operator = 'implicit' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '!';

export type Statement =
  | { readonly kind: 'match'; readonly op: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'vmap'; readonly key: Expression; readonly data: Expression }
  | Counter
  | Quota
  | Limit
  | ConnectionLimit
  /** `last used …`: when the rule was last hit. */
  | { readonly kind: 'last'; readonly used?: number }
  /** `counter name "c"`, `quota name …`, `limit name …`, `ct helper set "ftp-std"` …; the name may come out of a map. */
  | { readonly kind: 'object'; readonly object: ObjectKind; readonly name: Expression }
  | Log
  | Reject
  | { readonly kind: 'notrack' }
  | Nat
  /** `meta mark set …`, `ct mark set …`, `tcp dport set …`, `tcp option maxseg size set …`. */
  | { readonly kind: 'set'; readonly target: SetTarget; readonly value: Expression }
  /** `reset tcp option sack-perm`: overwritten with NOPs. */
  | { readonly kind: 'reset'; readonly option: Option }
  /** `add @set { key timeout 30s : data }`. */
  | {
      readonly kind: 'update';
      readonly op: 'add' | 'update' | 'delete';
      readonly set: string;
      readonly element: SetElement;
    }
  /** `meter name { key statement }`, which nft prints where it can't say `add @name`. */
  | {
      readonly kind: 'meter';
      readonly name: string;
      readonly size?: number;
      readonly key: Expression;
      /** Milliseconds. */
      readonly timeout?: number;
      readonly statements: readonly Statement[];
    }
  | {
      readonly kind: 'tproxy';
      readonly family?: 'ip' | 'ip6';
      readonly address?: Expression;
      readonly port?: Expression;
    }
  | { readonly kind: 'dup'; readonly address?: Expression; readonly device?: Expression }
  | {
      readonly kind: 'fwd';
      readonly device: Expression;
      readonly family?: 'ip' | 'ip6';
      readonly address?: Expression;
    }
  | {
      readonly kind: 'queue';
      /** Number or range; another expression for `queue to numgen …`. */
      readonly number: Expression;
      readonly flags: readonly ('bypass' | 'fanout')[];
    }
  | {
      readonly kind: 'synproxy';
      readonly mss?: number;
      readonly wscale?: number;
      readonly flags: readonly ('timestamp' | 'sack-perm')[];
    }
  | { readonly kind: 'flow'; readonly flowtable: string }
  /** An extension of xtables that iptables-nft made: `# xt_conntrack`, JSON `{"xt": …}`; what it asks for is not shown. */
  | { readonly kind: 'xt'; readonly type: 'match' | 'target' | 'watcher'; readonly name: string }
  | { readonly kind: 'unknown'; readonly text: string; readonly why: string };

export type SetTarget =
  | Payload
  | Option
  | Extract<Expression, { kind: 'meta' | 'ct' | 'exthdr' | 'unknown' }>;

export interface Counter {
  readonly kind: 'counter';
  /** As dumped; absent in a stateless listing. */
  readonly packets?: number;
  readonly bytes?: number;
}

export interface Quota {
  readonly kind: 'quota';
  /** `over`: holds once the bytes are used up; otherwise as long as they are not. */
  readonly over: boolean;
  readonly bytes: number;
  readonly used?: number;
}

export interface Limit {
  readonly kind: 'limit';
  readonly over: boolean;
  /** Packets, or bytes (units multiplied out), in `per` seconds. */
  readonly rate: number;
  readonly unit: 'packets' | 'bytes';
  readonly per: 1 | 60 | 3600 | 86400 | 604800;
  readonly burst: number;
}

export interface ConnectionLimit {
  readonly kind: 'ct count';
  readonly over: boolean;
  readonly count: number;
}

export interface Log {
  readonly kind: 'log';
  readonly prefix?: string;
  readonly group?: number;
  readonly snaplen?: number;
  readonly queueThreshold?: number;
  readonly level?: string;
  readonly flags: readonly string[];
}

export interface Reject {
  readonly kind: 'reject';
  /** As written; bare `reject` is the family's port unreachable. */
  readonly with: 'default' | 'icmp' | 'icmpv6' | 'icmpx' | 'tcp reset';
  /** Code of ICMP or ICMPv6; of icmpx: 0 no-route, 1 port-unreachable, 2 host-unreachable, 3 admin-prohibited. */
  readonly code?: number;
}

export interface Nat {
  readonly kind: 'nat';
  readonly type: 'snat' | 'dnat' | 'masquerade' | 'redirect';
  /** `dnat ip to …` in inet tables. */
  readonly family?: 'ip' | 'ip6';
  /**
   * An address, a range, a prefix, a map, or (for maps of address and port together, `ip addr . port`) a concatenation
   * out of one: then `concat` is set and the value's parts are address, then port.
   */
  readonly address?: Expression;
  readonly concat?: boolean;
  /** `dnat ip prefix to …`: the host bits stay. */
  readonly prefix?: boolean;
  readonly port?: Expression;
  readonly flags: readonly ('random' | 'fully-random' | 'persistent')[];
}
