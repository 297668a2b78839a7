/** Captures that began later or ended sooner than those of the recordings: what is cut in half is no fault of the network. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from '../cli/harness.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-moments-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

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

describe.each(CUTS)('%s', (what, from, to) => {
  it.each(healthy.filter((name) => from > 0 || name !== LOSES_AT_FIRST))(
    '%s has no error',
    { timeout: 120_000 },
    async (name) => {
      const bundle = join(folder, `${name}-${what.replace(' ', '-')}`);
      cpSync(`captures/${name}/bundle`, bundle, { recursive: true });
      const captures = readdirSync(bundle, { recursive: true, encoding: 'utf8' })
        .filter((each) => each.endsWith('.pcap'))
        .map((each) => join(bundle, each));
      const files = captures.map((path) => ({ path, ...recordsOf(readFileSync(path)) }));
      const times = files.flatMap(({ records }) => records.map(({ time }) => time)).sort((a, b) => a - b);
      const [since, until] = [quietAt(times, from), quietAt(times, to)];
      for (const { path, header, records } of files) {
        const kept = records.filter(({ time }) => time >= since && time < until);
        writeFileSync(path, Buffer.concat([header, ...kept.map(({ bytes }) => bytes)]));
      }
      const { stdout } = await run(['analyze', bundle, '--format', 'json', '-q']);
      const { findings } = JSON.parse(stdout) as Analysis;
      const told = findings
        .filter(({ severity }) => severity === 'error')
        .map(({ cause, title, confidence }) => `${cause} ${confidence}: ${title}`);
      expect(told).toEqual([]);
      rmSync(bundle, { recursive: true });
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
