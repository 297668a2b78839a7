/** struct nf_conn with what only the tracker reads. */
import type { Nfct } from '../../skb/nfct.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { TcpTracking } from './tcp-window.ts';

/** An entry with what only the tracker reads. */
export interface Connection extends Nfct {
  tcp?: TcpTracking;
  /** Epoch seconds from which a UDP flow with answers counts as a stream. */
  streamFrom: number;
  /** Interface that MASQUERADE chose the address of; another one later ends the connection. */
  masqueradeOut?: string;
  /** Killed while a packet still holds it. */
  dead: boolean;
}

export function newConnection(of: {
  readonly id: number;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly now: number;
}): Connection {
  return {
    id: of.id,
    original: of.original,
    reply: of.reply,
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
