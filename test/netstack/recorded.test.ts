/** What a kernel did with thousands of packets (recorded by live.test.ts), held against the model. */
import { describe, expect, it } from 'vitest';
import { compare, type Recording } from './support/live-case.ts';
import { readRecordings } from './support/recordings.ts';

const recordings = readRecordings().map((recording): [string, Recording] => [
  `${recording.name} (${recording.backend})`,
  recording,
]);

describe('recorded kernels', () => {
  it.each(recordings)('%s', (_, recording) => {
    expect(compare(recording)).toEqual([]);
  });
});
