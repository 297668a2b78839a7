/** What window tracking reads of a TCP segment. */
import { viewOf } from '../../base/bytes.ts';
import { TCPOPT, Tcp } from '../../header/tcp.ts';
import type { Skb } from '../../skb/skb.ts';

export interface Segment {
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  /** Sequence number behind the segment: data, SYN and FIN counted (segment_seq_plus_len()). */
  readonly end: number;
  readonly scale?: number;
  /** Its options were not captured: whether and how far it scales is not known. */
  readonly optionsCut?: true;
  readonly sackPermitted: boolean;
  /** Right edges of the SACK blocks. */
  readonly sacked: readonly number[];
}

/** The segment in `skb`, or why it isn't one (tcp_error() drops it as INVALID). */
export function readSegment(skb: Skb): Segment | { readonly fault: string } {
  if (skb.transport < 0) return { fault: 'short TCP header' };
  const view = viewOf(skb.bytes);
  const tcp = new Tcp(view, skb.transport);
  const fault = tcp.check(skb.bytes.length);
  if (fault) return { fault: fault.text };
  const data = skb.length - skb.transport - tcp.headerLength;
  if (data < 0) return { fault: 'TCP header longer than the packet' };
  const { flags, sequence } = tcp;
  let scale: number | undefined;
  let sackPermitted = false;
  const sacked: number[] = [];
  tcp.options((kind, offset, length) => {
    if (kind === TCPOPT.windowScale && length === 3) scale = Math.min(view.getUint8(offset + 2), 14);
    else if (kind === TCPOPT.sackPermitted && length === 2) sackPermitted = true;
    else if (kind === TCPOPT.sack && length >= 10 && (length - 2) % 8 === 0) {
      for (let at = offset + 2; at < offset + length; at += 8) sacked.push(view.getUint32(at + 4));
    }
  });
  return {
    flags,
    sequence,
    acknowledgement: tcp.acknowledgement,
    window: tcp.window,
    end: (sequence + data + (flags & 2 ? 1 : 0) + (flags & 1 ? 1 : 0)) >>> 0,
    ...(scale === undefined ? {} : { scale }),
    ...(skb.optionsCut && { optionsCut: true }),
    sackPermitted,
    sacked,
  };
}
