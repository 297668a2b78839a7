import { describe, expect, it } from 'vitest';
import { FirstSeen } from '../../src/correlate/first-seen.ts';

/** Sightings as `point time signature`, and which of them are new. */
const rows: [string, [number, number, string | undefined][], boolean[]][] = [
  [
    'one packet at two points',
    [
      [0, 1, 'a'],
      [1, 1.001, 'a'],
    ],
    [true, false],
  ],
  [
    'two packets',
    [
      [0, 1, 'a'],
      [0, 1.5, 'b'],
    ],
    [true, true],
  ],
  [
    'a retransmission at the same point',
    [
      [0, 1, 'a'],
      [0, 2, 'a'],
    ],
    [true, true],
  ],
  [
    'a retransmission, each seen at two points',
    [
      [0, 1, 'a'],
      [1, 1.1, 'a'],
      [0, 2, 'a'],
      [1, 2.1, 'a'],
    ],
    [true, false, true, false],
  ],
  [
    'the same signature long after',
    [
      [0, 1, 'a'],
      [1, 9, 'a'],
    ],
    [true, true],
  ],
  [
    'three points',
    [
      [2, 1, 'a'],
      [0, 1, 'a'],
      [1, 1.2, 'a'],
    ],
    [true, false, false],
  ],
  [
    'nothing telling in it',
    [
      [0, 1, undefined],
      [1, 1, undefined],
    ],
    [true, true],
  ],
];

describe('FirstSeen', () => {
  it.each(rows)('%s', (_name, sightings, expected) => {
    const seen = new FirstSeen();
    expect(sightings.map(([point, time, signature]) => seen.isNew(point, time, signature))).toEqual(expected);
  });

  it('forgets what is too old to matter', () => {
    const seen = new FirstSeen();
    for (let index = 0; index < 70_000; index++) seen.isNew(0, index, `s${index}`);
    expect(seen.isNew(1, 69_999.5, 's69999')).toBe(false);
  });
});
