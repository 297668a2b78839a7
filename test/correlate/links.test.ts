import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { Forest } from '../../src/correlate/forest.ts';
import { Conversations } from '../../src/correlate/sieve/conversations.ts';
import { join, shareAddress } from '../../src/correlate/sieve/join.ts';
import { joiningOf, link } from '../../src/correlate/sieve/links.ts';
import { CaptureFlows, UNTOLD } from '../../src/scan/capture-flows.ts';
import { entryAt } from '../../src/scan/signatures.ts';
import { blockFrame } from '../packet/plain-frames.ts';
import { capture, type Sent } from '../support/frames.ts';

/** Few sequence numbers, so that packets of several conversations are alike, at moments that are near and far. */
const sent: fc.Arbitrary<Sent> = fc.record({
  from: fc.constantFrom('10.0.0.1', '10.0.0.2', '172.16.0.9'),
  to: fc.constantFrom('10.0.0.1', '192.0.2.7'),
  protocol: fc.constantFrom(6, 6, 17),
  sourcePort: fc.constantFrom(80, 4000, 4001, 4002),
  destinationPort: fc.constantFrom(80, 4000),
  tcpSequence: fc.constantFrom(1, 2, 3),
  at: fc.nat(12).map((half) => half / 2),
});

function read(list: readonly Sent[]): CaptureFlows {
  const flows = new CaptureFlows(UNTOLD);
  const frames = list.flatMap((one) => capture(one));
  for (const [index, frame] of frames.entries()) {
    flows.add(placed(frame, index + 1));
    flows.flush();
  }
  flows.end();
  return flows;
}

function placed({ bytes, seconds, nanoseconds, linkType, captured, length }: Frame, number: number): Frame {
  return blockFrame(bytes.slice(), { number, seconds, nanoseconds, linkType, base: 3, captured, length });
}

/** Of each conversation the first that it is joined with, by comparing every signature with every other. */
function joined(captures: readonly CaptureFlows[], conversations: Conversations): number[] {
  const entries = captures.flatMap(({ table: { signatures } }, index) =>
    Array.from({ length: signatures.count }, (_, entry) => {
      const at = entryAt(entry);
      const [one, other, sent = 0, time = 0] = signatures.segment(entry).subarray(at, at + 4);
      const own = (conversations.ofRecord[index] as Uint32Array)[sent >>> 1] as number;
      return { key: `${one} ${other}`, own: own >>> 1, time: time + signatures.since * 1000 };
    }),
  );
  const first = Array.from({ length: conversations.count }, (_, own) => own);
  for (let changed = true; changed; ) {
    changed = false;
    for (const one of entries) {
      for (const other of entries) {
        const isTcp = conversations.protocol(one.own) === 6;
        if (one.key !== other.key || Math.abs(one.time - other.time) > 3000) continue;
        if (!isTcp && !shareAddress(conversations.keys, one.own, other.own)) continue;
        const least = Math.min(first[one.own] as number, first[other.own] as number);
        for (const own of [one.own, other.own]) {
          if (first[own] === least) continue;
          first[own] = least;
          changed = true;
        }
      }
    }
  }
  return first;
}

describe('conversations that carried the same packet', () => {
  it.each([
    ['at one point', 1],
    ['at several', 3],
  ])('are one flow, %s', (_, points) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(sent, { maxLength: 12 }), { minLength: points, maxLength: points }),
        (lists) => {
          const captures = lists.map(read);
          const conversations = new Conversations(captures);
          const links = link(captures, conversations);
          const roots = Array.from({ length: conversations.count }, (_, own) => links.root(own));
          expect(roots).toEqual(joined(captures, conversations));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are the same flows, turned the same way, when several take parts of the signatures', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(sent, { maxLength: 12 }), { minLength: 3, maxLength: 3 }),
        fc.nat(4),
        fc.nat(16),
        (lists, bits, cut) => {
          const captures = lists.map(read);
          const conversations = new Conversations(captures);
          const joining = joiningOf(captures, conversations);
          if (!joining) return;
          const whole = { ...joining.task, bits, from: 0, to: 2 ** bits };
          const at = Math.min(cut, whole.to);
          const alone = new Forest(conversations.count);
          join(whole, alone);
          const united: [number, number, number][] = [];
          join({ ...whole, from: at }, new Forest(conversations.count), undefined, (...two) =>
            united.push(two),
          );
          const together = new Forest(conversations.count);
          join({ ...whole, to: at }, together);
          for (const two of united) together.unite(...two);
          const seen = (forest: Forest) =>
            Array.from({ length: conversations.count }, (_, own) => [forest.root(own), forest.crossed(own)]);
          expect(seen(together)).toEqual(seen(alone));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are found however many there are', () => {
    const through = (from: string) =>
      read(
        Array.from({ length: 5000 }, (_, index) => ({
          ...{ from, to: '192.0.2.7', protocol: 6, at: 0 },
          ...{ sourcePort: 10_000 + index, destinationPort: 80, tcpSequence: 7 * index },
        })),
      );
    const captures = [through('10.0.0.1'), through('198.51.100.4')];
    const conversations = new Conversations(captures);
    const joining = joiningOf(captures, conversations);
    const forest = new Forest(conversations.count);
    join({ ...(joining as NonNullable<typeof joining>).task, bits: 0, from: 0, to: 1 }, forest);
    const roots = Array.from({ length: conversations.count }, (_, own) => forest.root(own));
    expect(roots).toEqual(Array.from({ length: 10_000 }, (_, own) => own % 5000));
  });
});
