/** What a filter leaves of an annotated capture: the packets that tshark selects by the filter that means the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import { scanCapture } from '../../src/capture/scan.ts';
import { memorySource } from '../../src/capture/source.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { checkPcapng } from '../support/pcapng-check.ts';
import { run } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-annotate-filter-'));
afterAll(() => rmSync(folder, { recursive: true }));
const isValid = new Ajv({ strict: true }).compile(
  JSON.parse(readFileSync('schemas/annotate.schema.json', 'utf8')) as object,
);
const hasTshark = spawnSync('tshark', ['--version']).status === 0;
let files = 0;

interface Summary {
  readonly packets: number;
  readonly filter?: { readonly expression: string; readonly matched: number; readonly packets: number };
}

/** Packet (time, bytes on the wire, bytes) → its comments, sorted. */
async function annotated(words: readonly string[]) {
  const path = join(folder, `${++files}.pcapng`);
  const { stdout, stderr } = await run(['annotate', ...words, '-o', path, '--format', 'json']);
  expect(stdout, stderr).not.toBe('');
  const summary = JSON.parse(stdout) as Summary;
  expect(isValid(summary), JSON.stringify(isValid.errors)).toBe(true);
  const { packets } = checkPcapng(readFileSync(path));
  expect(packets.length).toBe(summary.packets);
  const told = packets.map(({ nanoseconds, length, bytes, comments }) => ({
    packet: `${nanoseconds} ${length} ${bytes.toString('hex')}`,
    // The findings of fewer flows have other numbers.
    comments: comments.map((text) => text.replace(/finding \d+/, 'finding')),
  }));
  return { summary, told };
}

/** The captures of a bundle in one file, for which tshark is started once. */
const merged = new Map<string, string>();
async function mergedOf(bundle: string): Promise<string> {
  const known = merged.get(bundle);
  if (known !== undefined) return known;
  const path = join(folder, `merged-${merged.size}.pcapng`);
  const { captures } = await resolveInputs([bundle]);
  const { status, stderr } = spawnSync('mergecap', ['-a', '-w', path, ...captures.map((one) => one.path)]);
  expect(status, String(stderr)).toBe(0);
  merged.set(bundle, path);
  return path;
}

async function selectedByTshark(bundle: string, filter: string): Promise<string[]> {
  const packets: string[] = [];
  const { stdout, status, stderr } = spawnSync(
    'tshark',
    ['-n', '-d', 'udp.port==8472,vxlan', '-r', await mergedOf(bundle), '-Y', filter, '-w', '-'],
    { maxBuffer: 2 ** 28 },
  );
  expect(status, String(stderr)).toBe(0);
  await scanCapture(memorySource(stdout), ({ seconds, nanoseconds, length, bytes }) => {
    const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    packets.push(`${time} ${length} ${Buffer.from(bytes).toString('hex')}`);
  });
  return packets.toSorted();
}

const CASES: readonly (readonly [bundle: string, words: readonly string[], tshark: string])[] = [
  [
    'docker-publish-healthy',
    ['--flow', 'tcp 192.0.2.166 > 192.0.2.161:8090'],
    'tcp.port in {8090, 8080} && ip.addr == 192.0.2.166',
  ],
  // Of the neighbour that comes by another way too.
  ['docker-publish-healthy', ['--host', '192.0.2.161', '--proto', 'tcp'], 'tcp && ip.addr == 192.0.2.166'],
  ['healthy-udp-dnat', ['--proto', 'arp'], 'arp'],
  [
    'healthy-udp-dnat',
    ['--host', '203.0.113.10'],
    'arp.src.proto_ipv4 == 203.0.113.10 || arp.dst.proto_ipv4 == 203.0.113.10 || udp.port == 27015 || udp.port == 27000',
  ],
  ['healthy-udp-dnat', ['--filter', 'not udp and not arp'], '!udp && !arp'],
  [
    'healthy-udp-dnat',
    ['--port', '27015', '--time', '..+0.459937s'],
    'udp.port in {27015, 27000} && frame.time_epoch <= BEGIN+0.459937',
  ],
  [
    'healthy-udp-dnat',
    ['--filter', 'udp and not time ..+0.459937s'],
    'udp && frame.time_epoch > BEGIN+0.459937',
  ],
  ['overlay-with-damaged-checksums', ['--host', '10.42.1.0'], 'ip.addr == 10.42.1.0'],
  // An error belongs to the packet that it quotes.
  ['reject-admin-prohibited', ['--proto', 'tcp'], 'tcp'],
  ['reject-admin-prohibited', ['--proto', 'icmp'], 'icmp'],
];

async function beginOf(bundle: string): Promise<number> {
  let begin = Number.POSITIVE_INFINITY;
  for (const capture of (await resolveInputs([bundle])).captures) {
    await scanCapture(capture.open(), ({ seconds, nanoseconds }) => {
      begin = Math.min(begin, seconds + nanoseconds / 1e9);
    });
  }
  return begin;
}

/** A bundle without a filter, annotated once for all of its filters. */
const wholes = new Map<string, ReturnType<typeof annotated>>();
function annotatedWhole(bundle: string): ReturnType<typeof annotated> {
  const whole = wholes.get(bundle) ?? annotated([bundle]);
  wholes.set(bundle, whole);
  return whole;
}

describe.skipIf(!hasTshark)('a filter', () => {
  it.each(CASES)('of %s: %j leaves what tshark selects by %s', async (name, words, filter) => {
    const bundle = `captures/${name}/bundle`;
    const [part, whole] = [await annotated([bundle, ...words]), await annotatedWhole(bundle)];
    const begin = await beginOf(bundle);
    const wanted = filter.replace(/BEGIN\+([\d.]+)/, (_, more: string) => (begin + Number(more)).toFixed(6));
    const selected = await selectedByTshark(bundle, wanted);
    expect(selected.length).toBeGreaterThan(0);
    expect(selected.length).toBeLessThan(whole.told.length);
    expect(part.told.map(({ packet }) => packet).toSorted()).toEqual(selected);
    expect(part.summary.filter).toMatchObject({ matched: selected.length, packets: whole.told.length });
    // What is said of them is what is said among all.
    const before = new Map<string, string[][]>();
    for (const { packet, comments } of whole.told)
      before.set(packet, [...(before.get(packet) ?? []), comments]);
    const other = part.told.filter(
      ({ packet, comments }) => !before.get(packet)?.some((told) => told.join('\n') === comments.join('\n')),
    );
    expect(other).toEqual([]);
  });

  it('that asks for nothing that was captured leaves the interfaces, and says so', async () => {
    const path = join(folder, 'none.pcapng');
    const { stdout, status } = await run([
      'annotate',
      'captures/healthy-udp-dnat/bundle',
      '--port',
      '9',
      '-o',
      path,
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^filter: 0 of 56 packets \(port 9\)\n/);
    expect(checkPcapng(readFileSync(path)).interfaces.length).toBe(4);
  });

  it('that can not be read is refused before anything is', async () => {
    const { status, stderr } = await run([
      'annotate',
      'no-such-file',
      '--port',
      'x-y',
      '-o',
      join(folder, 'x.pcapng'),
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain('--port');
  });
});
