/** A plain frame as the scan's decoder has it, and by dissection; what the decoder's row says of itself is checked as well. */
import { equal, ok } from 'node:assert/strict';
import type { Frame } from '../../src/capture/frame.ts';
import { endsOf } from '../../src/correlate/sighting.ts';
import { formatIp } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { Kernel } from '../../src/scan/kernel.ts';
import { LOOKED_INTO, PlainDecoder } from '../../src/scan/plain.ts';
import { hashOf } from '../../src/scan/record-index.ts';
import { type Batch, MARK, ROW, ROW_WORDS } from '../../src/scan/row.ts';
import { columnsOf } from './columns.ts';

/** A frame as the decoder has it: undefined when it isn't plain. */
export function decoded(frame: Frame, { kernel, decoder } = decoderOf()) {
  const { batch } = kernel;
  batch.count = 0;
  const columns = columnsOf([frame]);
  if (!columns) return undefined;
  kernel.takeIn(columns, 0);
  if (decoder.decode(kernel, columns, 0, 1, 5) === 0) return undefined;
  return rowOf(batch, 0, decoder);
}

/** A memory for each of thousands of frames would be too many. */
const shared = new Kernel(LOOKED_INTO);
export const decoderOf = (kernel = shared) => ({ kernel, decoder: new PlainDecoder(kernel) });

export function rowOf(batch: Batch, row: number, decoder: PlainDecoder) {
  const word = (name: keyof typeof ROW) => batch.words[row * ROW_WORDS + ROW[name]] as number;
  const isIpv6 = (word('kind') & 256) !== 0;
  const address = (value: number) => formatIp(isIpv6 ? decoder.addresses.address(value) : value);
  const protocol = word('kind') & 255;
  const marks = word('bits') >>> 16;
  const ends = [
    { word: word('low'), address: address(word('low')), port: word('ports') >>> 16 },
    { word: word('high'), address: address(word('high')), port: word('ports') & 0xffff },
  ] as const;
  const [low, high] = ends;
  ok(low.word < high.word || (low.word === high.word && low.port <= high.port));
  equal(word('hash'), hashOf(word('low'), word('high'), word('ports'), word('kind'), decoder.seed));
  const [source, destination] = (marks & MARK.high) === 0 ? ends : [high, low];
  equal((marks & MARK.segment) !== 0, protocol === 6 && word('payload') > 1);
  const sampled = protocol === 6 ? Math.imul(word('sequence'), 0x9e3779b1) >>> 27 : word('id') & 31;
  equal((marks & MARK.sampled) !== 0, sampled === 1 && (protocol !== 6 || word('payload') > 0));
  equal((marks & MARK.echo) !== 0, protocol === 1 || protocol === 58);
  return {
    point: word('kind') >>> 16,
    protocol,
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
    time: batch.doubles[(row * ROW_WORDS + ROW.time) >> 1],
    wire: word('wire'),
    cut: (marks & MARK.cut) !== 0,
    payload: protocol === 6 || protocol === 17 ? word('payload') : undefined,
    ttl: (word('bits') >>> 8) & 255,
    macs: decoder.macs(word('macs')),
    ...(protocol === 6 && {
      flags: word('bits') & 255,
      sequence: word('sequence'),
      acknowledgement: word('acknowledgement'),
    }),
    ...(!isIpv6 && { id: word('id') & 0xffff }),
    ...(protocol !== 6 &&
      protocol !== 17 && {
        echo: (marks & MARK.echoRequest) !== 0 ? 'request' : 'reply',
        icmpSequence: word('id') >>> 16,
      }),
  };
}

/** The same by dissection, which reads everything. */
export function dissected(frame: Frame) {
  const packet = dissect(frame);
  const { ip, tcp, udp, icmp, ether } = packet;
  const ends = endsOf(packet);
  if (!ip || !ends) return undefined;
  return {
    point: 5,
    protocol: ip.protocol,
    source: formatIp(ip.source),
    destination: formatIp(ip.destination),
    sourcePort: ends.source.port,
    destinationPort: ends.destination.port,
    time: packet.seconds + packet.nanoseconds / 1e9,
    wire: packet.length,
    cut: packet.captured < packet.length,
    payload: tcp || udp ? ip.payload : undefined,
    ttl: ip.ttl,
    macs: {
      ...(ether?.source !== undefined && { source: ether.source }),
      ...(ether?.destination !== undefined && { destination: ether.destination }),
    },
    ...(tcp && {
      flags: tcp.flags & 255,
      sequence: tcp.sequence,
      acknowledgement: tcp.acknowledgement,
    }),
    ...(ip.family === 4 && { id: ip.id }),
    ...(icmp && {
      echo: icmp.type === 8 || icmp.type === 128 ? 'request' : 'reply',
      icmpSequence: icmp.sequence,
    }),
  };
}
