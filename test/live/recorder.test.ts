/** What `nettrace live --write` keeps on disk. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import type { CapturePoint } from '../../src/collect/capture-points.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { Recorder, recorderFault } from '../../src/live/recorder.ts';

const BEGIN = Date.UTC(2026, 10, 29, 14, 2, 11);
const pointOf = (device: string) =>
  ({ namespace: { name: 'host', inode: 1 }, device }) as unknown as CapturePoint;
const [br0, eth0] = [pointOf('br0'), pointOf('eth0')];

function frame(milliseconds: number, size = 60): Frame {
  return {
    number: 1,
    seconds: Math.floor((BEGIN + milliseconds) / 1000),
    nanoseconds: ((BEGIN + milliseconds) % 1000) * 1e6,
    length: size,
    captured: size,
    linkType: 1,
    bytes: new Uint8Array(size),
  };
}

/** A host whose one dump says its state. */
const stateOf = (forwarding: () => string) => () => {
  const path = 'namespaces/host/sysctl.txt';
  const files = [{ path, namespace: 'host', command: 'sysctl -a' }];
  const manifest = {
    format: 'nettrace-bundle/1',
    collectedAt: new Date(BEGIN).toISOString(),
    namespaces: [],
    files,
  };
  return [
    { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
    { name: path, bytes: Buffer.from(`net.ipv4.ip_forward = ${forwarding()}\n`) },
  ];
};

describe('what is captured, on disk', () => {
  let parent = '';
  let folder = '';
  let now = BEGIN;
  const warnings: string[] = [];
  const recorder = (limit = 1 << 30) =>
    new Recorder(
      { folder, limit, snaplen: 256 },
      { now: () => now, onWarning: (text) => void warnings.push(text) },
    );
  const read = async (bundle: string) => {
    const { captures, dumps, issues } = await resolveInputs([join(folder, bundle)]);
    const counts: Record<string, number> = {};
    for (const capture of captures) {
      const { packets } = await scanCapture(capture.open(), () => {});
      counts[`${capture.namespace}:${capture.interface}`] = packets;
    }
    return { counts, dumps: dumps.length, issues };
  };

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'nettrace-recorder-'));
    folder = join(parent, 'kept');
    now = BEGIN;
    warnings.length = 0;
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is a bundle for each state of the host, with the packets that met it', async () => {
    let forwarding = '1';
    const kept = recorder();
    kept.begin(stateOf(() => forwarding));
    kept.onFrame(br0, frame(10));
    kept.onFrame(eth0, frame(11));
    kept.onFrame(br0, frame(20));
    now += 5000;
    // It came after the change, and before that was told.
    kept.onFrame(br0, frame(4995));
    forwarding = '0';
    kept.onChange(BEGIN + 4990);
    // Again before another packet came: one bundle.
    kept.onChange(BEGIN + 4992);
    kept.onFrame(br0, frame(5010));
    kept.end();
    expect(readdirSync(folder)).toEqual(['20261129T140211Z', '20261129T140216Z']);
    expect(await read('20261129T140211Z')).toEqual({
      counts: { 'host:br0': 2, 'host:eth0': 1 },
      dumps: 1,
      issues: [],
    });
    expect((await read('20261129T140216Z')).counts).toEqual({ 'host:br0': 2 });
    const state = (name: string) => readFileSync(join(folder, name, 'namespaces/host/sysctl.txt'), 'utf8');
    expect(state('20261129T140211Z')).toContain('= 1');
    expect(state('20261129T140216Z')).toContain('= 0');
    expect(kept.count).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('can be read while it is written, by its owner alone', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const kept = recorder();
    kept.begin(stateOf(() => '1'));
    for (let i = 0; i < 3000; i++) kept.onFrame(br0, frame(i, 200));
    now += 2000;
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    const [bundle = ''] = readdirSync(folder);
    const { counts, issues } = await read(bundle);
    expect(counts['host:br0']).toBeGreaterThan(1000);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    for (const entry of readdirSync(parent, { recursive: true, withFileTypes: true }))
      expect(statSync(join(entry.parentPath, entry.name)).mode & 0o077).toBe(0);
    kept.end();
    expect((await read(bundle)).counts).toEqual({ 'host:br0': 3000 });
  });

  it('is followed by the next after ten minutes, though nothing changes', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const kept = recorder();
    kept.begin(stateOf(() => '1'));
    for (let i = 0; i < 3; i++) {
      kept.onFrame(br0, frame(now - BEGIN));
      now += 400_000;
      vi.advanceTimersByTime(1000);
    }
    kept.end();
    vi.useRealTimers();
    expect(readdirSync(folder)).toEqual(['20261129T140211Z', '20261129T141531Z']);
  });

  it('goes beyond the limit, the oldest first, those of earlier runs too', () => {
    const size = (): number =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(({ name }) => name.endsWith('.pcap'))
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    const run = (bundles: number) => {
      const kept = recorder(1 << 20);
      kept.begin(stateOf(() => '1'));
      for (let i = 0; i < bundles; i++) {
        for (let j = 0; j < 800; j++) kept.onFrame(br0, frame(now - BEGIN + j, 240));
        kept.onChange(now + 1000);
        now += 1000;
      }
      kept.end();
    };
    run(3);
    expect(readdirSync(folder)).toHaveLength(3);
    const [first] = readdirSync(folder);
    run(8);
    expect(readdirSync(folder)).not.toContain(first);
    expect(size()).toBeLessThanOrEqual(1 << 20);
    expect(size()).toBeGreaterThan(700_000);
  });

  it('ends with a warning where it can’t be written, and what was written stays', () => {
    const kept = recorder();
    kept.begin(stateOf(() => '1'));
    kept.onFrame(br0, frame(1));
    const [bundle = ''] = readdirSync(folder);
    // A point's folder that can't be made: a file is in its place.
    mkdirSync(join(folder, bundle, 'captures'));
    writeFileSync(join(folder, bundle, 'captures/red'), '');
    kept.onFrame(
      { namespace: { name: 'red', inode: 2 }, device: 'eth0' } as unknown as CapturePoint,
      frame(2),
    );
    kept.onFrame(br0, frame(3));
    kept.end();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^nothing is written to .*kept any more: E/);
    expect(readdirSync(folder)).toEqual([bundle]);
  });

  it.skipIf(process.getuid?.() !== 0)('goes on where the disk is full (needs root)', () => {
    mkdirSync(folder);
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'none', folder]);
    try {
      const kept = recorder();
      kept.begin(stateOf(() => '1'));
      for (let i = 0; i < 5000; i++) kept.onFrame(br0, frame(i, 240));
      kept.end();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/ENOSPC/);
      const [bundle = ''] = readdirSync(folder);
      const capture = readFileSync(join(folder, bundle, 'captures/host/br0.pcap'));
      // Of whole packets: pcap's head, and 16 bytes before each.
      expect(capture.length).toBeGreaterThan(24);
      expect((capture.length - 24) % (16 + 240)).toBe(0);
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  });

  it('is written to no place in which somebody else has a hand', () => {
    expect(recorderFault(folder)).toBeUndefined();
    expect(recorderFault(join(parent, 'no/where'))).toMatch(/^there is no folder /);
    mkdirSync(folder, { mode: 0o700 });
    expect(recorderFault(folder)).toBeUndefined();
    symlinkSync(folder, join(parent, 'link'));
    expect(recorderFault(join(parent, 'link'))).toMatch(/^it is a link/);
    writeFileSync(join(parent, 'file'), '');
    expect(recorderFault(join(parent, 'file'))).toBe('it is no folder');
    writeFileSync(join(folder, 'notes.txt'), '');
    expect(recorderFault(folder)).toBe('there is something else in it: notes.txt');
    rmSync(join(folder, 'notes.txt'));
    chmodSync(folder, 0o777);
    expect(recorderFault(folder)).toBe('others can write to it');
  });
});
