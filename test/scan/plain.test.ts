import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { endsOf } from '../../src/correlate/sighting.ts';
import { formatIp } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { Kernel } from '../../src/scan/kernel.ts';
import { LOOKED_INTO, PlainDecoder } from '../../src/scan/plain.ts';
import { hashOf } from '../../src/scan/record-index.ts';
import { type Batch, MARK, ROW, ROW_WORDS } from '../../src/scan/row.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from '../packet/corpus.ts';
import { frames } from '../packet/plain-frames.ts';
import { columnsOf, inOneBlock } from './columns.ts';

/** A frame as the decoder has it: undefined when it isn't plain. */
function decoded(frame: Frame, { kernel, decoder } = decoderOf()) {
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
const decoderOf = (kernel = shared) => ({ kernel, decoder: new PlainDecoder(kernel) });

function rowOf(batch: Batch, row: number, decoder: PlainDecoder) {
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
  expect(low.word < high.word || (low.word === high.word && low.port <= high.port)).toBe(true);
  expect(word('hash')).toBe(hashOf(word('low'), word('high'), word('ports'), word('kind')));
  const [source, destination] = (marks & MARK.high) === 0 ? ends : [high, low];
  expect((marks & MARK.segment) !== 0).toBe(protocol === 6 && word('payload') > 1);
  const sampled = protocol === 6 ? Math.imul(word('sequence'), 0x9e3779b1) >>> 27 : word('id') & 31;
  expect((marks & MARK.sampled) !== 0).toBe(sampled === 1 && (protocol !== 6 || word('payload') > 0));
  expect((marks & MARK.echo) !== 0).toBe(protocol === 1 || protocol === 58);
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
function dissected(frame: Frame) {
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

/** What no flow between two hosts is made of, or needs more than a look. */
function isOdd(frame: Frame): boolean {
  const { ip, inner, error, icmp, dns } = dissect(frame);
  return !ip || inner.length > 0 || error !== undefined || icmp?.quoted !== undefined || dns !== undefined;
}

const other = new Kernel(LOOKED_INTO);

describe('plain packets', () => {
  it('are the same whether they are decoded one by one or together', () => {
    fc.assert(
      fc.property(
        fc.array(frames, { maxLength: 30 }),
        fc.constantFrom(1, 1, 1, 113, 276, 101),
        (list, link) => {
          const block = inOneBlock(list.filter(({ linkType }) => linkType === link));
          const columns = columnsOf(block);
          if (!columns) return;
          const { kernel, decoder: together } = decoderOf(other);
          const alone = decoderOf();
          const { batch } = kernel;
          batch.count = 0;
          kernel.takeIn(columns, 0);
          const odd: number[] = [];
          for (let i = 0; i < columns.count; i++) {
            i = together.decode(kernel, columns, i, columns.count, 5);
            if (i < columns.count) odd.push(i);
          }
          const rows = block.map((frame) => decoded(frame, alone));
          expect(odd).toEqual(rows.flatMap((row, index) => (row ? [] : [index])));
          const plain = rows.filter((row) => row !== undefined);
          expect(batch.count).toBe(plain.length);
          for (const [index, row] of plain.entries()) expect(rowOf(batch, index, together)).toEqual(row);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are what dissection says they are, or left to it', () => {
    let plain = 0;
    let all = 0;
    fc.assert(
      fc.property(frames, (frame) => {
        const own = decoded(frame);
        all++;
        if (!own) return;
        plain++;
        expect(own).toEqual(dissected(frame));
      }),
      { numRuns: 4000 },
    );
    expect(plain / all).toBeGreaterThan(0.1);
  });

  it.runIf(hasCorpus)('of the corpus too; and few of the others are left', async () => {
    let plain = 0;
    const left = new Map<string, number>();
    for (const { file = '' } of corpusFiles()) {
      const decoder = decoderOf();
      await scanFile(corpusPath(file), (frame) => {
        const own = decoded(frame, decoder);
        const { ip, tcp, udp } = dissect(frame);
        if (own) {
          plain++;
          expect(own, `${file} ${frame.number}`).toEqual(dissected(frame));
        } else if ((tcp ?? udp) && ip?.fragmentOffset === 0 && !ip.moreFragments && !isOdd(frame)) {
          left.set(file, (left.get(file) ?? 0) + 1);
        }
      });
    }
    const odd = [...left.values()].reduce((sum, count) => sum + count, 0);
    expect(plain).toBeGreaterThan(10_000);
    expect(odd / plain).toBeLessThan(0.35);
  });
});
