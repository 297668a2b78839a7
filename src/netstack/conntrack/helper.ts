/** struct nf_conntrack_helper: what a helper is given, and what it may do. */
import { viewOf } from '../../base/bytes.ts';
import { Tcp } from '../../header/tcp.ts';
import type { SkbConntrack } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Connection } from './connection.ts';
import type { Conntrack } from './conntrack.ts';

export interface HelperContext {
  readonly skb: Skb;
  readonly connection: Connection;
  readonly tracked: SkbConntrack;
  readonly conntrack: Conntrack;
}

export interface HelperOutcome {
  /** Why the packet is dropped. */
  readonly drop?: string;
  readonly assumption?: string;
}

export interface Helper {
  readonly protocols: readonly number[];
  help(context: HelperContext): HelperOutcome;
}

export const ACCEPT: HelperOutcome = {};

/** Has the connection carried packets both ways, as most helpers want it? */
export function isEstablished({ tracked }: HelperContext): boolean {
  return tracked.state === 'ESTABLISHED';
}

/** Bytes behind the TCP header, and the sequence number of the first. */
export function tcpData(
  skb: Skb,
): { readonly start: number; readonly end: number; readonly sequence: number } | undefined {
  if (skb.transport < 0) return undefined;
  const tcp = new Tcp(viewOf(skb.bytes), skb.transport);
  if (tcp.check(skb.bytes.length)) return undefined;
  const start = skb.transport + tcp.headerLength;
  const end = Math.min(skb.length, skb.bytes.length);
  return start < end ? { start, end, sequence: tcp.sequence } : undefined;
}

/** One character a byte. */
export function textOf(skb: Skb, start: number, end: number): string {
  return Buffer.from(skb.bytes.subarray(start, end)).toString('latin1');
}
