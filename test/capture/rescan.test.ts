import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { timeOf } from '../../src/capture/frame.ts';
import { rescanCapture } from '../../src/capture/rescan.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { memorySource } from '../../src/capture/source.ts';
import { Stretches } from '../../src/capture/stretches.ts';
import { block, concat, enhancedBlock, interfaceBlock, option, sectionBlock, text, u32 } from './blocks.ts';

interface Made {
  readonly seconds: number;
  readonly length: number;
  /** Begins a section or describes an interface before the packet; only pcapng can. */
  readonly before: 'nothing' | 'interface' | 'section' | 'unread';
}

const made: fc.Arbitrary<Made[]> = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: 30 }),
    length: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 20, max: 4000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 120_000 }) },
    ),
    before: fc.oneof(
      { weight: 20, arbitrary: fc.constant('nothing' as const) },
      { weight: 1, arbitrary: fc.constantFrom('interface', 'section', 'unread') },
    ),
  }),
  { minLength: 20, maxLength: 100 },
);

const content = (index: number, length: number) => new Array<number>(length).fill(index & 255);

/** Times mostly rise, as captures' do. */
const timed = (packets: readonly Made[]) =>
  packets.map((packet, index) => ({ ...packet, seconds: index * 10 + packet.seconds }));

function pcap(packets: readonly Made[]): Uint8Array {
  const header = [...u32(0xa1b2c3d4), 2, 0, 4, 0, ...u32(0), ...u32(0), ...u32(262144), ...u32(1)];
  return concat(
    header,
    ...packets.flatMap(({ seconds, length }, index) => [
      [...u32(seconds), ...u32(index), ...u32(length), ...u32(length)],
      content(index, length),
    ]),
  );
}

function pcapng(packets: readonly Made[]): Uint8Array {
  let interfaces = 1;
  const named = (index: number) => interfaceBlock(1, [...option(2, text(`eth${index}`))]);
  return concat(
    sectionBlock(),
    named(0),
    ...packets.flatMap(({ seconds, length, before }, index) => {
      const blocks: number[][] = [];
      if (before === 'section') {
        blocks.push(sectionBlock(), named(index));
        interfaces = 1;
      } else if (before === 'interface') {
        blocks.push(named(index));
        interfaces++;
      } else if (before === 'unread') blocks.push(block(0x0bad, new Array<number>(90_000).fill(1)));
      blocks.push(enhancedBlock(index % interfaces, BigInt(seconds) * 1_000_000n, content(index, length)));
      return blocks;
    }),
  );
}

const alike = (count: number, length = 1000) =>
  timed(Array.from({ length: count }, () => ({ seconds: 0, length, before: 'nothing' })));

const told = ({ number, seconds, nanoseconds, interfaceName, linkType, bytes }: Frame) =>
  `${number} ${seconds}.${nanoseconds} ${interfaceName} ${linkType} ${bytes.length} ${bytes[0]} ${bytes.at(-1)}`;

async function readFirst(bytes: Uint8Array) {
  const stretches = new Stretches();
  const frames: { readonly time: number; readonly text: string }[] = [];
  const visit = (frame: Frame): void => {
    frames.push({ time: timeOf(frame), text: told(frame) });
    stretches.timed(timeOf(frame), timeOf(frame));
  };
  const { packets } = await scanCapture(memorySource(bytes), visit, { stretches });
  return { stretches, frames, packets };
}

describe.each([
  ['pcap', pcap],
  ['pcapng', pcapng],
])('parts of a %s that is read again', (_, write) => {
  it('have the packets of the spans of time that are wanted, as they were', () =>
    fc.assert(
      fc.asyncProperty(made, fc.nat(2000), fc.nat(100), async (given, from, long) => {
        const bytes = write(timed(given));
        const { stretches, frames, packets } = await readFirst(bytes);
        expect(packets).toBe(given.length);
        const wanted = stretches.within(Float64Array.of(from, from + long));
        const again: string[] = [];
        const issue = await rescanCapture(memorySource(bytes), (frame) => again.push(told(frame)), {
          packets,
          stretches,
          wanted,
        });
        expect(issue).toBeUndefined();
        const all = new Set(frames.map(({ text: frame }) => frame));
        expect(again.filter((frame) => !all.has(frame))).toEqual([]);
        const found = new Set(again);
        const missing = frames.filter(
          ({ time, text: frame }) => time >= from && time <= from + long && !found.has(frame),
        );
        expect(missing).toEqual([]);
        expect(again.length).toBe(found.size);
      }),
      { numRuns: 50 },
    ));

  it('are few of it where little is wanted', async () => {
    const bytes = write(alike(2000));
    const { stretches, packets } = await readFirst(bytes);
    let read = 0;
    const wanted = stretches.within(Float64Array.of(5000, 5010, 15_000, 15_000));
    await rescanCapture(memorySource(bytes), () => read++, { packets, stretches, wanted });
    expect(read).toBeLessThan(400);
    expect(read).toBeGreaterThan(100);
  });

  it.each([
    ['shorter', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1000)],
    ['longer', () => write(alike(2003))],
    ['another', () => write(alike(1900, 1060))],
  ])('are told to be of a file that is %s by now', async (_name, change) => {
    const bytes = write(alike(2000));
    const { stretches, packets } = await readFirst(bytes);
    const wanted = stretches.within(Float64Array.of(5000, 5010, 19_000, 20_000));
    const issue = await rescanCapture(
      memorySource(change(bytes)),
      () => {},
      { packets, stretches, wanted },
      { path: 'a' },
    );
    expect(issue?.code).toBe('capture-changed');
    expect(issue?.path).toBe('a');
  });
});
