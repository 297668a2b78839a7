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

/** nf_ct_get(): also the template that CT hung on a packet which conntrack has yet to see. That is NEW, and no packet's. */
export function connectionOf(ct: SkbConntrack | undefined): Nfct | undefined {
  return ct?.entry ?? (ct?.template !== undefined && ct.state === 'NEW' ? TEMPLATE : undefined);
}

const NOWHERE: Tuple = {
  family: 4,
  protocol: 0,
  source: 0,
  destination: 0,
  sourcePort: 0,
  destinationPort: 0,
  zone: 0,
};

/** nf_ct_tmpl_alloc(), and what xt_ct_tg_check() does with it. */
const TEMPLATE: Nfct = {
  id: 0,
  original: NOWHERE,
  reply: NOWHERE,
  mark: 0,
  confirmed: true,
  seenReply: false,
  assured: false,
  expected: false,
  srcNat: false,
  dstNat: false,
  srcNatDone: false,
  dstNatDone: false,
  expires: 0,
  packets: { original: 0, reply: 0 },
  bytes: { original: 0, reply: 0 },
  labels: new Set(),
};
