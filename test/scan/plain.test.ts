import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { endsOf } from '../../src/correlate/sighting.ts';
import { formatIp } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { PlainDecoder } from '../../src/scan/plain.ts';
import { Batch, MARK, ROW } from '../../src/scan/row.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from '../packet/corpus.ts';
import { frames } from '../packet/plain-frames.ts';

/** A frame as the decoder has it: undefined when it isn't plain. */
function decoded(frame: Frame, decoder = new PlainDecoder()) {
  const batch = new Batch();
  const { view, offset = 0 } = frame;
  if (!view || !decoder.decode(frame, view, offset, 5, batch)) return undefined;
  const word = (name: keyof typeof ROW) => batch.words[ROW[name]] as number;
  const isIpv6 = (word('kind') & 256) !== 0;
  const address = (value: number) => formatIp(isIpv6 ? decoder.addresses.address(value) : value);
  const protocol = word('kind') & 255;
  return {
    point: word('kind') >>> 16,
    protocol,
    source: address(word('source')),
    destination: address(word('destination')),
    sourcePort: word('ports') >>> 16,
    destinationPort: word('ports') & 0xffff,
    time: batch.doubles[ROW.time >> 1],
    length: word('length'),
    ttl: (word('bits') >>> 8) & 255,
    macs: decoder.pairs.macs(word('macs')),
    ...(protocol === 6 && {
      flags: word('bits') & 255,
      sequence: word('sequence'),
      acknowledgement: word('acknowledgement'),
      payload: word('payload'),
    }),
    ...(!isIpv6 && { id: word('id') & 0xffff }),
    ...((protocol === 1 || protocol === 58) && {
      echo: (word('bits') >>> 16) & MARK.echoRequest ? 'request' : 'reply',
      icmpSequence: word('id') >>> 16,
    }),
  };
}

/** The same by dissection, which reads everything. */
function dissected(frame: Frame) {
  const packet = dissect(frame);
  const { ip, tcp, icmp, ether } = packet;
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
    length: ip.length,
    ttl: ip.ttl,
    macs: {
      ...(ether?.source !== undefined && { source: ether.source }),
      ...(ether?.destination !== undefined && { destination: ether.destination }),
    },
    ...(tcp && {
      flags: tcp.flags & 255,
      sequence: tcp.sequence,
      acknowledgement: tcp.acknowledgement,
      payload: tcp.payload,
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

describe('plain packets', () => {
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
      const decoder = new PlainDecoder();
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
