/** Captures that began later or ended sooner than those of the recordings: what is cut in half is no fault of the network. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBundle } from '../support/bundle-files.ts';
import { analyzeInMemory } from '../support/expectation.ts';

/** Parts of the time that the captures of a recording took. */
const CUTS = [
  ['begun late', 0.3, 1],
  ['begun later', 0.7, 1],
  ['ended early', 0, 0.65],
] as const;

/** Their captures have clocks that differ: one time is another moment in each. */
const SEVERAL_CLOCKS = ['healthy-two-clocks', 'healthy-fleet-over-vxlan'];

const healthy = readdirSync('captures').filter(
  (name) => name.startsWith('healthy-') && !SEVERAL_CLOCKS.includes(name),
);

/** Its first requests do get lost, while the router's own address is still tentative. */
const LOSES_AT_FIRST = 'healthy-ipv6-routed';

describe.each(CUTS)('%s', (_, from, to) => {
  it.each(healthy.filter((name) => from > 0 || name !== LOSES_AT_FIRST))(
    '%s has no error',
    { timeout: 120_000 },
    async (name) => {
      const bundle = readBundle(`captures/${name}/bundle`);
      const captures = new Map(
        bundle
          .filter((file) => file.name.endsWith('.pcap'))
          .map((file) => [file, recordsOf(Buffer.from(file.bytes))] as const),
      );
      const times = [...captures.values()]
        .flatMap(({ records }) => records.map(({ time }) => time))
        .sort((a, b) => a - b);
      const [since, until] = [quietAt(times, from), quietAt(times, to)];
      const cut = bundle.map((file) => {
        const capture = captures.get(file);
        if (!capture) return file;
        const kept = capture.records.filter(({ time }) => time >= since && time < until);
        return { ...file, bytes: Buffer.concat([capture.header, ...kept.map(({ bytes }) => bytes)]) };
      });
      const { findings } = await analyzeInMemory(name, cut);
      const told = findings
        .filter(({ severity }) => severity === 'error')
        .map(({ cause, title, confidence }) => `${cause} ${confidence}: ${title}`);
      expect(told).toEqual([]);
    },
  );
});

/** Seconds that no packet is on its way from one point to the next. */
const QUIET = 0.002;

/** The first quiet moment after that part of the time. */
function quietAt(times: readonly number[], part: number): number {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const wanted = first + (last - first) * part;
  if (part === 0) return first;
  const before = times.findIndex((time, at) => time >= wanted && (times[at + 1] ?? Infinity) - time > QUIET);
  return (times[before] ?? last) + QUIET / 2;
}

/** Of a classic pcap: its records with their times in seconds. */
function recordsOf(file: Buffer) {
  const magic = file.readUInt32LE(0);
  const little = magic === 0xa1b2c3d4 || magic === 0xa1b23c4d;
  const read = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const unit = read(0) === 0xa1b23c4d ? 1e-9 : 1e-6;
  const records: { readonly time: number; readonly bytes: Buffer }[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const end = at + 16 + read(at + 8);
    records.push({ time: read(at) + read(at + 4) * unit, bytes: file.subarray(at, end) });
    at = end;
  }
  return { header: file.subarray(0, 24), records };
}
