/** Sequence numbers behind a payload that a helper made longer or shorter, net/netfilter/nf_conntrack_seqadj.c. */
import { viewOf } from '../../base/bytes.ts';
import { TCPOPT, Tcp } from '../../header/tcp.ts';
import { mendField, transportChecksum } from '../../skb/checksum.ts';
import type { CtDirection } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import { after, before, opposite, uint } from './tcp-window.ts';

/** struct nf_ct_seqadj: of one direction. Offsets are bytes that the other side sees more. */
export interface SequenceAdjustment {
  position: number;
  offsetBefore: number;
  offsetAfter: number;
}

export function newAdjustments(): Record<CtDirection, SequenceAdjustment> {
  return {
    original: { position: 0, offsetBefore: 0, offsetAfter: 0 },
    reply: { position: 0, offsetBefore: 0, offsetAfter: 0 },
  };
}

/** nf_ct_seqadj_set() */
export function noteAdjustment(way: SequenceAdjustment, sequence: number, offset: number): void {
  if (way.offsetBefore !== way.offsetAfter && !before(way.position, sequence)) return;
  way.position = sequence;
  way.offsetBefore = way.offsetAfter;
  way.offsetAfter += offset;
}

/** nf_ct_seq_offset() */
export function sequenceOffset(way: SequenceAdjustment | undefined, sequence: number): number {
  if (!way) return 0;
  return after(uint(sequence), way.position) ? way.offsetAfter : way.offsetBefore;
}

/** nf_ct_seq_adjust(): rewrites the sequence numbers of a TCP packet of an adjusted connection. */
export function adjustSequence(
  skb: Skb,
  adjust: Readonly<Record<CtDirection, SequenceAdjustment>>,
  direction: CtDirection,
): void {
  if (skb.transport < 0) return;
  const view = viewOf(skb.bytes);
  const tcp = new Tcp(view, skb.transport);
  if (tcp.check(skb.bytes.length)) return;
  const partial = transportChecksum(skb) === 'partial';
  const put = (at: number, value: number): void => {
    for (const [offset, word] of [
      [0, value >>> 16],
      [2, value & 0xffff],
    ] as const) {
      if (!partial) mendField(view, skb.transport + 16, view.getUint16(at + offset), word);
      view.setUint16(at + offset, word);
    }
  };
  put(skb.transport + 4, uint(tcp.sequence + sequenceOffset(adjust[direction], tcp.sequence)));
  if (!(tcp.flags & 16)) return;
  const other = adjust[opposite(direction)];
  const back = (sequence: number): number =>
    uint(sequence - sequenceOffset(other, sequence - other.offsetBefore));
  put(skb.transport + 8, back(tcp.acknowledgement));
  const edges: number[] = [];
  tcp.options((kind, offset, length) => {
    if (kind !== TCPOPT.sack || length < 10 || (length - 2) % 8 !== 0) return;
    for (let at = offset + 2; at < offset + length; at += 4) edges.push(at);
  });
  for (const at of edges) put(at, back(view.getUint32(at)));
}
