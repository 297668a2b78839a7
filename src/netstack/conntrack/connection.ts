/** struct nf_conn with what only the tracker reads. */
import type { CtDirection, CtZone, Nfct } from '../../skb/nfct.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { SctpTracking } from './sctp.ts';
import type { SequenceAdjustment } from './seqadj.ts';
import type { TcpTracking } from './tcp-window.ts';

/** An entry with what only the tracker reads. */
export interface Connection extends Nfct {
  /** nf_ct_zone(): the tuples have the zone of their own direction. */
  readonly zone: CtZone;
  tcp?: TcpTracking;
  sctp?: SctpTracking;
  /** Epoch seconds from which a UDP flow with answers counts as a stream. */
  streamFrom: number;
  /** Interface that MASQUERADE chose the address of; another one later ends the connection. */
  masqueradeOut?: string;
  /** By direction: how much longer a helper made what that side sends. */
  adjust?: Record<CtDirection, SequenceAdjustment>;
  /** What a helper remembers of the connection. */
  helperState?: unknown;
  /** Of an expected connection: how it is translated as its master was (nf_nat_follow_master() and the like). */
  follow?: ExpectedNat;
  /** Killed while a packet still holds it. */
  dead: boolean;
}

/** expectfn of an expectation: the halves that it settles before the nat chains are asked. */
export interface ExpectedNat {
  readonly source?: { readonly min: Tuple['source']; readonly port?: number };
  readonly destination?: { readonly min: Tuple['source']; readonly port?: number };
}

export const NO_ZONE: CtZone = { id: 0, direction: 'both' };

/** nf_ct_zone_id() */
export function zoneId(zone: CtZone, direction: CtDirection): number {
  return zone.direction === 'both' || zone.direction === direction ? zone.id : 0;
}

export function newConnection(of: {
  readonly id: number;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly now: number;
  readonly zone?: CtZone;
}): Connection {
  return {
    id: of.id,
    original: of.original,
    reply: of.reply,
    zone: of.zone ?? NO_ZONE,
    mark: 0,
    confirmed: false,
    seenReply: false,
    assured: false,
    expected: false,
    srcNat: false,
    dstNat: false,
    srcNatDone: false,
    dstNatDone: false,
    expires: of.now + 120,
    packets: { original: 0, reply: 0 },
    bytes: { original: 0, reply: 0 },
    labels: new Set(),
    streamFrom: of.now + 2,
    dead: false,
  };
}
