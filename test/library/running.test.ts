/** Long calls: aborted, watched, and several at once. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Analysis, analyze, openBundle, type Progress, simulate } from '../../src/index.ts';
import { captureOf, GATEWAY } from './lab.ts';

let folder = '';
const large = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-running-'));
  // Together beyond what is read once, packet by packet.
  writeFileSync(large('eth0.pcap'), captureOf(2000, '10.9.0.1', 800));
  writeFileSync(large('eth1.pcap'), captureOf(2000, '10.9.0.2', 800));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(folder) || /nettrace-\d+-/.test(file) ? [file] : [];
    } catch {
      return [];
    }
  });
}

const plain = (analysis: Analysis) => JSON.parse(JSON.stringify(analysis));

describe('an aborted call', () => {
  const stages: Progress['stage'][] = ['inputs', 'captures', 'again', 'explaining'];

  it.each(stages)('ends in the stage %s with the signal’s reason, and leaves no file open', async (stage) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const after: Progress[] = [];
    const call = analyze([large('eth0.pcap'), large('eth1.pcap')], {
      signal: controller.signal,
      onProgress: (progress) => {
        if (controller.signal.aborted) after.push(progress);
        else if (progress.stage === stage) controller.abort(reason);
      },
    });
    await expect(call).rejects.toBe(reason);
    expect(openFiles()).toEqual([]);
    // What it was doing goes on to the next turn, a few megabytes or one flow later.
    expect(after.length).toBeLessThanOrEqual(12);
    expect(after.every((progress) => progress.stage === stage)).toBe(true);
  });

  it('is aborted by a timer while it reads', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let bytes = 0;
    const call = analyze(large('eth0.pcap'), {
      signal: controller.signal,
      onProgress: ({ done }) => {
        bytes = done;
        if (done > 0) setTimeout(() => controller.abort(reason), 0);
      },
    });
    await expect(call).rejects.toBe(reason);
    expect(bytes).toBeGreaterThan(0);
  });

  it('doesn’t begin where the signal was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    await expect(analyze('captures/does-not-exist', { signal })).rejects.toBe(signal.reason);
    await expect(openBundle(GATEWAY, { signal })).rejects.toBe(signal.reason);
  });

  it('ends while a stream gives nothing', async () => {
    const stdin = new Readable({ read() {} });
    stdin.push(captureOf(100));
    const controller = new AbortController();
    const reason = new Error('enough');
    const call = analyze('-', {
      stdin,
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'captures' && setTimeout(() => controller.abort(reason), 20),
    });
    await expect(call).rejects.toBe(reason);
    expect(openFiles()).toEqual([]);
    stdin.destroy();
  });

  it('of openBundle leaves nothing open, either', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const call = openBundle(large('eth0.pcap'), {
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'captures' && controller.abort(reason),
    });
    await expect(call).rejects.toBe(reason);
    expect(openFiles()).toEqual([]);
  });

  it('takes along what its progress callback throws', async () => {
    const error = new Error('of the caller');
    const onProgress = () => {
      throw error;
    };
    await expect(analyze(large('eth0.pcap'), { onProgress })).rejects.toBe(error);
    expect(openFiles()).toEqual([]);
  });
});

describe('progress', () => {
  it('goes from stage to stage, with bytes that add up', async () => {
    const told: Progress[] = [];
    const paths = [large('eth0.pcap'), large('eth1.pcap')];
    await analyze(paths, { onProgress: (progress) => told.push(progress) });
    const stages = told.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1]);
    expect(stages).toEqual(['inputs', 'captures', 'again', 'explaining']);
    const reading = told.filter(({ stage }) => stage === 'captures');
    expect(reading.at(-1)?.done).toBe(reading.at(-1)?.total);
    const steps = told.filter(({ stage }) => stage === 'explaining');
    expect(steps.every(({ unit, done, total = 0 }) => unit === 'steps' && done < total)).toBe(true);
  });
});

describe('several calls at once', () => {
  it('give what each gives alone', async () => {
    const inputs = [
      large('eth0.pcap'),
      'captures/docker-forward-off-dnat/bundle',
      [large('eth1.pcap'), large('eth0.pcap')],
      'captures/forward-off-bridge/bundle',
    ];
    const alone: unknown[] = [];
    for (const each of inputs) alone.push(plain(await analyze(each)));
    const { signal } = new AbortController();
    const together = await Promise.all(inputs.map((each) => analyze(each, { signal }).then(plain)));
    expect(together).toEqual(alone);
    const { flows, counted } = alone[2] as Analysis;
    expect(flows.length + (counted?.flows ?? 0)).toBe(4000);
  });

  it('of simulate leave each other’s packets alone', async () => {
    const { snapshot } = await openBundle(GATEWAY);
    const flows = ['443', '80', '25'].map((port) => `tcp 192.168.30.20 > 8.8.8.8:${port}`);
    const ask = () => Promise.all(flows.map(async (flow) => (await simulate(snapshot, flow)).outcome));
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first).toEqual(second);
    expect(new Set(first).size).toBe(3);
  });
});
