/** Captures in any order and format end in one that is in order, with nothing lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { pcapngWriter } from '../../src/capture/pcapng-writer.ts';
import { memorySource } from '../../src/capture/source.ts';
import { collector } from '../../src/capture/writer.ts';
import { analyze } from '../../src/diagnose/analyze.ts';
import type { CaptureInput } from '../../src/input/input.ts';
import { annotate } from '../../src/report/annotate/annotate.ts';
import { checkPcapng } from '../support/pcapng-check.ts';

interface Drawn {
  readonly format: 'pcap' | 'pcapng';
  readonly nano: boolean;
  readonly big: boolean;
  /** Bytes that a source gives at once. */
  readonly piece: number;
  readonly clock: number;
  readonly packets: readonly { readonly at: number; readonly bytes: Uint8Array; readonly more: number }[];
}

const captures = fc.array(
  fc.record({
    format: fc.constantFrom('pcap' as const, 'pcapng' as const),
    nano: fc.boolean(),
    big: fc.boolean(),
    piece: fc.integer({ min: 1, max: 500 }),
    clock: fc.constantFrom(0, 0, 0.25, -3.5),
    packets: fc.array(
      fc.record({
        // Nanoseconds within three seconds, coarse enough that some fall together.
        at: fc.integer({ min: 0, max: 300 }).map((tick) => tick * 10_000_001),
        bytes: fc.uint8Array({ maxLength: 70 }),
        more: fc.integer({ min: 0, max: 9 }),
      }),
      { maxLength: 30 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);
const START = 1_767_261_600;

function written({ format, nano, big, packets }: Drawn): Uint8Array {
  const { sink, bytes } = collector();
  const byteOrder = big ? 'big' : 'little';
  const ng = format === 'pcapng' ? pcapngWriter(sink, { byteOrder }) : undefined;
  ng?.interface({ linkType: 1, name: 'eth0', resolution: nano ? 9 : 6 });
  const write = ng
    ? (packet: Parameters<typeof ng.packet>[1]) => ng.packet(0, packet)
    : pcapWriter(sink, { linkType: 1, nanoseconds: nano, byteOrder });
  for (const { at, bytes: data, more } of packets) {
    write({
      seconds: START + Math.floor(at / 1e9),
      nanoseconds: at % 1e9,
      bytes: data,
      length: data.length + more,
    });
  }
  return bytes();
}

function inputOf(drawn: Drawn, index: number): CaptureInput {
  const bytes = written(drawn);
  return {
    path: `${index}.${drawn.format}`,
    by: 'assumed',
    ...(drawn.clock !== 0 && { clock: drawn.clock }),
    open() {
      let at = 0;
      return {
        read() {
          const block = bytes.subarray(at, at + drawn.piece);
          at += block.length;
          return block.length > 0 ? block : undefined;
        },
        close() {},
      };
    },
  };
}

async function merged(drawn: readonly Drawn[], window?: number) {
  const result = await analyze({ captures: drawn.map(inputOf), dumps: [], issues: [] });
  const { sink, bytes } = collector();
  const annotated = await annotate(result, sink, { application: 'test', window });
  return { annotated, file: checkPcapng(Buffer.from(bytes())) };
}

/** What a packet of a capture is, the digits below its resolution gone. */
function plain({ nano, packets }: Drawn): string[] {
  return packets.map(({ at, bytes, more }) => {
    const kept = nano ? at : Math.floor(at / 1000) * 1000;
    return `${BigInt(START) * 1_000_000_000n + BigInt(kept)} ${Buffer.from(bytes).toString('hex')} ${bytes.length + more}`;
  });
}

describe('annotate', () => {
  it('merges whatever there is: no packet lost or changed, in order of the corrected clocks', async () => {
    await fc.assert(
      fc.asyncProperty(captures, async (drawn) => {
        const { annotated, file } = await merged(drawn);
        expect(annotated.late).toBe(0);
        const found: string[][] = drawn.map(() => []);
        let before = -(2n ** 70n);
        for (const { interface: index, nanoseconds, bytes, length } of file.packets) {
          const { input } = annotated.points[index]?.point ?? { input: -1 };
          found[input]?.push(`${nanoseconds} ${bytes.toString('hex')} ${length}`);
          const time = nanoseconds - BigInt((drawn[input]?.clock ?? 0) * 1e9);
          expect(time >= before).toBe(true);
          before = time;
        }
        for (const [index, one] of drawn.entries())
          expect(found[index]?.toSorted()).toEqual(plain(one).toSorted());
      }),
      { numRuns: 60 },
    );
  });

  it('keeps packets of one moment in the order of their capture', async () => {
    const packets = [3, 1, 2, 1, 3, 1].map((at, index) => ({ at, bytes: Uint8Array.of(index), more: 0 }));
    const { file } = await merged([{ format: 'pcap', nano: true, big: false, piece: 7, clock: 0, packets }]);
    expect(file.packets.map(({ bytes }) => bytes[0])).toEqual([1, 3, 5, 2, 0, 4]);
  });

  it('says how many packets came too late to be put in order, and keeps them', async () => {
    const later = Array.from({ length: 20_000 }, (_, at) => ({
      at: 1000 + at,
      bytes: new Uint8Array(60),
      more: 0,
    }));
    const late = { at: 5, bytes: Uint8Array.of(9), more: 0 };
    const { annotated, file } = await merged(
      [{ format: 'pcap', nano: true, big: false, piece: 65536, clock: 0, packets: [...later, late] }],
      1,
    );
    expect(annotated.late).toBe(1);
    expect(file.packets.length).toBe(20_001);
  });

  it('tells when a capture is not what it was', async () => {
    const drawn: Drawn = {
      format: 'pcap',
      nano: true,
      big: false,
      piece: 100,
      clock: 0,
      packets: [1, 2, 3].map((at) => ({ at, bytes: new Uint8Array(20), more: 0 })),
    };
    const whole = written(drawn);
    let opened = 0;
    const capture: CaptureInput = {
      path: 'growing.pcap',
      by: 'assumed',
      open: () => memorySource(opened++ < 2 ? whole : whole.subarray(0, 24 + 36 * 2)),
    };
    const result = await analyze({ captures: [capture], dumps: [], issues: [] });
    while (opened < 2) capture.open();
    const { sink } = collector();
    const { issues } = await annotate(result, sink, { application: 'test' });
    expect(issues.map(({ code, path }) => [code, path])).toEqual([['capture-changed', 'growing.pcap']]);
  });
});
