/** Incidents as a capture with `-s 64` would have them: TCP options, quoted packets and payload are cut. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from '../cli/harness.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-snaplen-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('with a snaplen of 64', () => {
  it.each([
    ['drop-deep-in-chain', 'flt-rule-drop'],
    ['notrack-before-dnat', 'nat-notrack'],
    ['masquerade-missing', 'nat-masquerade-missing'],
    ['forward-off-bridge', 'fwd-ip-forward-off'],
  ])('%s is still %s, and nothing else', async (incident, cause) => {
    const bundle = join(folder, incident);
    cpSync(`captures/${incident}/bundle`, bundle, { recursive: true });
    const captures = readdirSync(join(bundle, 'captures'), { recursive: true, encoding: 'utf8' });
    for (const name of captures.filter((each) => each.endsWith('.pcap'))) {
      const path = join(bundle, 'captures', name);
      writeFileSync(path, cutTo(readFileSync(path), 64));
    }
    const { stdout } = await run(['analyze', bundle, '--format', 'json', '-q']);
    const { findings } = JSON.parse(stdout) as Analysis;
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(new Set(errors.map((finding) => finding.cause))).toEqual(new Set([cause]));
  });
});

/** A classic pcap with at most so many bytes of each frame. */
function cutTo(file: Buffer, snaplen: number): Buffer {
  const little = file.readUInt32LE(0) === 0xa1b2c3d4 || file.readUInt32LE(0) === 0xa1b23c4d;
  const read = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const header = Buffer.from(file.subarray(0, 24));
  const blocks = [header];
  for (let at = 24; at + 16 <= file.length; ) {
    const captured = read(at + 8);
    const kept = Math.min(captured, snaplen);
    const record = Buffer.from(file.subarray(at, at + 16 + kept));
    if (little) record.writeUInt32LE(kept, 8);
    else record.writeUInt32BE(kept, 8);
    blocks.push(record);
    at += 16 + captured;
  }
  if (little) header.writeUInt32LE(snaplen, 16);
  else header.writeUInt32BE(snaplen, 16);
  return Buffer.concat(blocks);
}
