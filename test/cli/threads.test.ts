/** Large captures are read by threads of the built program: what they find is what one finds. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import { readingOf } from '../../src/correlate/sieve/first-reading.ts';
import type { Answer } from '../../src/correlate/sieve/requests.ts';
import type { ShareMessage, WorkerData } from '../../src/correlate/sieve/share.ts';
import { capture, type Sent } from '../support/frames.ts';

const PATIENCE = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'nettrace-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What makes a capture worth a thread, in few packets. */
const PAYLOAD = new Uint8Array(1200);
const CONVERSATIONS = 9000;

/** Requests and answers of many clients, some without answer, and something that isn't plain. */
function written(ttl: number): Uint8Array {
  const { sink, bytes } = collector();
  const add = pcapWriter(sink, { linkType: 1 });
  for (let i = 0; i < CONVERSATIONS; i++) {
    const sourcePort = 20_000 + i;
    const common = { protocol: 17, ttl, payload: PAYLOAD };
    const there: Sent = {
      ...common,
      from: '10.0.0.1',
      to: '10.0.1.9',
      sourcePort,
      destinationPort: 9000,
      id: i,
    };
    const back: Sent = {
      ...common,
      from: '10.0.1.9',
      to: '10.0.0.1',
      sourcePort: 9000,
      destinationPort: sourcePort,
      id: i,
    };
    const packets = i % 500 === 0 ? [there, there, there] : [there, back];
    for (const frame of capture(...packets)) {
      add({ seconds: 1000 + i, nanoseconds: 0, bytes: frame.bytes });
    }
    if (i % 1000 === 0) add({ seconds: 1000 + i, nanoseconds: 0, bytes: new Uint8Array(64).fill(255) });
  }
  return bytes();
}

function analyzed(...words: string[]) {
  const ran = spawnSync(
    process.execPath,
    [resolvePath('bin/nettrace.js'), 'analyze', '--format', 'json', ...words],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  expect(ran.stderr).not.toMatch(/internal/);
  return ran;
}

describe('several large captures', () => {
  it(
    'are read by threads as by one',
    () => {
      mkdirSync(join(folder, 'bundle/captures/host'), { recursive: true });
      for (const [index, name] of ['eth0.pcap', 'br0.pcap', 'br1.pcap'].entries())
        writeFileSync(join(folder, 'bundle/captures/host', name), written(64 - index));
      writeFileSync(join(folder, 'bundle/captures/host/eth1.pcap.gz'), gzipSync(written(61), { level: 1 }));
      const bundle = join(folder, 'bundle');
      const [one, several] = [analyzed('--threads', '1', bundle), analyzed('--threads', '3', bundle)];
      expect(one.status).toBe(1);
      expect(several.status).toBe(1);
      expect(one.stdout.length).toBeGreaterThan(100_000);
      expect(several.stdout === one.stdout).toBe(true);
    },
    PATIENCE,
  );

  it(
    'that break off or are none are told of by name',
    () => {
      const whole = written(64);
      const broken = join(folder, 'broken.pcap');
      const noCapture = join(folder, 'good.pcap');
      writeFileSync(broken, whole.subarray(0, whole.length - 100));
      writeFileSync(noCapture, whole);
      const ran = analyzed('--threads', '2', broken, noCapture);
      expect(ran.stderr).toMatch(/broken\.pcap.*ends in the middle of this record/);
      expect(ran.stderr).not.toMatch(/good\.pcap.*ends in the middle/);
    },
    PATIENCE,
  );

  it(
    'are read by a thread until none is left that nobody has taken',
    async () => {
      // The launcher builds what is stale.
      expect(analyzed('--help').status).toBe(0);
      const files = ['a.pcap', 'b.pcap', 'c.pcap'].map((name) => join(folder, name));
      for (const file of files) writeFileSync(file, written(60));
      const tasks = files.map((file, input) => ({ input, path: file, file }));
      const counter = () => new Int32Array(new SharedArrayBuffer(4));
      const share: WorkerData = { tasks, taken: counter(), starting: counter() };
      share.taken[0] = 1;
      const messages: ShareMessage[] = [];
      await new Promise((resolve, reject) => {
        const worker = new Worker(resolvePath('dist/reading-worker.cjs'), { workerData: share });
        worker.on('message', (message: ShareMessage | Answer) => {
          if (message === 'read') worker.postMessage('end');
          else if ('input' in message) messages.push(message);
        });
        worker.once('error', reject).once('exit', resolve);
      });
      const readings = messages.flatMap((message) => ('reading' in message ? [message] : []));
      expect(readings.map(({ input }) => input)).toEqual([1, 2]);
      for (const { reading } of readings) {
        const { flows, summary } = readingOf(reading);
        expect(flows.table.records.count).toBe(CONVERSATIONS);
        expect(flows.plain + flows.odd).toBe(summary.packets);
        expect(flows.odd).toBe(CONVERSATIONS / 1000);
      }
    },
    PATIENCE,
  );
});
