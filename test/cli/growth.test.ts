/** What one byte more of an input costs that was made to be expensive: no more in a large input than in a small one, in loops and calls. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stepCounter } from '../../scripts/bench/hostile/steps.mjs';
import { HOSTILE } from '../../scripts/bench/hostile/tables.mjs';

/** What is bounded by a limit that such sizes don't meet: jumps, outputs of a session, loops, points that are held against each other. */
const BOUNDED =
  /^(jumps-doubled.*|session.*|loops|pcapng-routed|rules-overlap-diff|flows-chained-counted|flows-one-hash)$/;
/** A byte of what four times as much has more may cost so many times what one does of what twice as much has. */
const MOST = 1.25;

let steps: (...words: string[]) => Promise<number>;
beforeAll(async () => {
  steps = await stepCounter();
}, 120_000);

it.each(Object.keys(HOSTILE).filter((name) => !BOUNDED.test(name)))(
  '%s',
  async (name) => {
    const { sizes, make, command } = HOSTILE[name] as (typeof HOSTILE)[string];
    const base = Math.min(sizes[0] as number, 50_000) / 20;
    const costs: { bytes: number; steps: number }[] = [];
    for (const size of [base / 2, base, base * 4].map(Math.ceil)) {
      const folder = mkdtempSync(join(tmpdir(), 'nettrace-growth-'));
      make(folder, size);
      costs.push({ bytes: bytesIn(folder), steps: await steps(...lookingAtAll(command(folder), folder)) });
      rmSync(folder, { recursive: true });
    }
    const [small, middle, large] = costs as [(typeof costs)[0], (typeof costs)[0], (typeof costs)[0]];
    const few = Math.max(0.1, (middle.steps - small.steps) / (middle.bytes - small.bytes));
    const many = (large.steps - middle.steps) / (large.bytes - middle.bytes);
    expect(many / few).toBeLessThan(MOST);
  },
  60_000,
);

/** Of many flows most are only counted, unless they are asked for: here all are looked at, of the small input as of the large one. */
function lookingAtAll(words: readonly string[], folder: string): readonly string[] {
  const hasCaptures = readdirSync(folder, { recursive: true }).some((name) =>
    /\.pcap(ng)?$/.test(String(name)),
  );
  return words[0] === 'analyze' && hasCaptures ? [...words, '--filter', 'not host 240.0.0.1'] : words;
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
