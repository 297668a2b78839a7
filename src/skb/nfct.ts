import type { Tuple } from './tuple.ts';

export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
export type CtDirection = 'original' | 'reply';

/** struct nf_conn: one connection as conntrack keeps it. NAT alters `reply` (and marks which halves are settled). */
export interface Nfct {
  readonly id: number;
  readonly original: Tuple;
  reply: Tuple;
  mark: number;
  /** IPS_* status bits. */
  confirmed: boolean;
  seenReply: boolean;
  assured: boolean;
  expected: boolean;
  srcNat: boolean;
  dstNat: boolean;
  srcNatDone: boolean;
  dstNatDone: boolean;
  /** TCP state name (SYN_SENT …), absent for other protocols. */
  tcpState?: string;
  /** Epoch seconds when the entry ends unless refreshed. */
  expires: number;
  packets: { original: number; reply: number };
  bytes: { original: number; reply: number };
  /** Their numbers, or the names that iptables-save has for them. */
  labels: Set<number | string>;
  /** The helper that listens to this connection. */
  helper?: string;
  /** The connection whose helper expected this one. */
  master?: Nfct;
  /** SCTP state name, absent for other protocols. */
  sctpState?: string;
  /** Out of the table, though a packet may still hold it. */
  dead?: boolean;
  /** Handed to a flow table: its packets pass conntrack by. */
  offload?: boolean;
}

/** A zone may hold for one direction of a connection only; the other is then in zone 0. */
export interface CtZone {
  readonly id: number;
  readonly direction: 'both' | CtDirection;
}

/** A packet's relation to its connection (skb->_nfct with enum ip_conntrack_info). */
export interface SkbConntrack {
  readonly state: CtState;
  readonly direction: CtDirection;
  /** Absent for INVALID and UNTRACKED. */
  readonly entry?: Nfct;
  /** Set by `-j CT` before tracking: what the connection shall get (a conntrack template). */
  readonly template?: { readonly zone?: CtZone; readonly helper?: string };
}
