import { describe, expect, it } from 'vitest';
import { clockOffset, type SharedPacket } from '../../src/correlate/clock-offset.ts';

/** Packets between two machines whose clocks differ by `ahead`, each with the time that it took. */
function exchange(
  ahead: number,
  ways: readonly (readonly ['there' | 'back', number, number])[],
): SharedPacket[] {
  return ways.map(([way, sent, took]) =>
    way === 'there'
      ? { here: sent, there: sent + took + ahead, toThere: true }
      : { here: sent + took, there: sent + ahead, toThere: false },
  );
}

const BOTH = [
  ['there', 10, 0.0004],
  ['back', 10.1, 0.0002],
  ['there', 11, 0.03],
  ['back', 11.2, 0.0009],
] as const;

describe('the offset of two clocks', () => {
  const cases: [string, readonly SharedPacket[], object | undefined][] = [
    ['nothing shared', [], undefined],
    [
      'both ways: between the least of each',
      exchange(7, BOTH),
      { offset: 7.0001, error: 0.0003, packets: 4, oneWay: false },
    ],
    [
      'hours behind',
      exchange(-12312.75, BOTH),
      { offset: -12312.7499, error: 0.0003, packets: 4, oneWay: false },
    ],
    ['no difference', exchange(0, BOTH), { offset: 0.0001, error: 0.0003, packets: 4, oneWay: false }],
    [
      'one way only: at most that',
      exchange(3, [BOTH[0], BOTH[2]]),
      { offset: 3.0004, error: 0.0296, packets: 2, oneWay: true },
    ],
    ['one packet', exchange(3, [BOTH[1]]), { offset: 2.9998, error: 0, packets: 1, oneWay: true }],
    [
      'packets that look alike by chance are outvoted',
      [
        ...exchange(7, BOTH),
        { here: 10, there: 412, toThere: true },
        { here: 50, there: 11, toThere: false },
      ],
      { offset: 7.0001, error: 0.0003, packets: 4, oneWay: false },
    ],
    [
      'which way is not known',
      exchange(2, BOTH).map((each) => ({ ...each, toThere: undefined })),
      { packets: 4, oneWay: true },
    ],
  ];
  it.each(cases)('%s', (_, shared, expected) => {
    const found = clockOffset(shared);
    if (expected === undefined || !found) {
      expect(found).toBe(expected);
      return;
    }
    const rounded = {
      ...found,
      offset: Number(found.offset.toFixed(6)),
      error: Number(found.error.toFixed(6)),
    };
    expect(rounded).toMatchObject(expected);
  });

  it('holds the truth, whatever the packets took', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = (salt: number): number =>
        ((Math.imul(seed * 7919 + salt, 0x9e3779b1) >>> 0) % 1000) / 1000;
      const ahead = (random(1) - 0.5) * 20000;
      const ways = Array.from(
        { length: 6 },
        (_, i) => [i % 2 === 0 ? 'there' : 'back', i, random(i + 2) / 8] as const,
      );
      const found = clockOffset(exchange(ahead, ways));
      expect(Math.abs((found?.offset ?? Number.NaN) - ahead)).toBeLessThanOrEqual((found?.error ?? 0) + 1e-9);
    }
  });
});
