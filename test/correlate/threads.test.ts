import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Conversations } from '../../src/correlate/sieve/conversations.ts';
import { link, linkTogether } from '../../src/correlate/sieve/links.ts';
import type { Share } from '../../src/correlate/sieve/share.ts';
import { Threads } from '../../src/correlate/sieve/threads.ts';
import { CaptureFlows, UNTOLD } from '../../src/scan/capture-flows.ts';
import { blockFrame } from '../packet/plain-frames.ts';
import { capture, type Sent } from '../support/frames.ts';

const folder = mkdtempSync(joinPath(tmpdir(), 'nettrace-dying-'));
afterAll(() => rmSync(folder, { recursive: true }));

const READ = "const { parentPort } = require('node:worker_threads'); parentPort.postMessage('read');";

/** Many conversations of one packet each, as a point before or behind NAT sees them: several parts of signatures. */
function seen(from: string): CaptureFlows {
  const flows = new CaptureFlows(UNTOLD);
  const packets = Array.from(
    { length: 20_000 },
    (_, index): Sent => ({
      from,
      to: '192.0.2.7',
      protocol: 6,
      sourcePort: 10_000 + index,
      destinationPort: 80,
      tcpSequence: index,
    }),
  );
  for (const [index, { bytes, ...frame }] of capture(...packets).entries()) {
    flows.add(blockFrame(bytes.slice(), { ...frame, number: index + 1, base: 0 }));
    flows.flush();
  }
  flows.end();
  return flows;
}

describe('a thread that is asked to join conversations', () => {
  it.each([
    ['is no program', 'this is none'],
    ['ends at once', 'process.exit()'],
    ['fails when it is asked', `${READ} parentPort.on('message', () => { throw new Error('no memory'); });`],
    ['ends when it is asked', `${READ} parentPort.on('message', () => process.exit());`],
  ])('and %s leaves nothing out', async (name, program) => {
    const path = joinPath(folder, `${name}.cjs`);
    writeFileSync(path, program);
    const share: Share = { tasks: [], taken: new Int32Array(new SharedArrayBuffer(4)) };
    const threads = await Threads.begin(2, share, () => {}, path);
    await threads.read();
    const captures = [seen('10.0.0.1'), seen('198.51.100.1')];
    const conversations = new Conversations(captures);
    const together = await linkTogether(captures, conversations, threads, 1);
    threads.end();
    const alone = link(captures, conversations);
    const roots = Array.from({ length: conversations.count }, (_, own) => together.root(own));
    expect(roots).toEqual(roots.map((_, own) => alone.root(own)));
    expect(new Set(roots).size).toBe(20_000);
  });
});
