import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { differences, hasTcpdump, packetsOfFile, packetsOfText, printed } from './compare.ts';

/** parse(tcpdump -r FILE FLAGS) has as many packets as FILE, and each says the same as far as the text shows it. */
const FLAGS = [
  '-nn',
  '-n -e',
  '-nn -v',
  '-nn -vv',
  '-nn -vvv -e',
  '-nn -t',
  '-nn -tt',
  '-nn -ttt',
  '-nn -tttt -e -v',
  '-nn -ttttt',
  '-nn -S',
  '-nn -S -tt -v',
  '-nn -x',
  '-nn -X -tt',
  '-nn -xx',
  '-nn -XX -e',
  '-nn -A',
  '-nn -q',
  '-nn -q -e -v',
  '-nn -#',
  '-nn --number -e',
  '-nn -l --nano -tt',
  '-nn -K -v',
];

/** Exact to the microsecond where the text has dates. */
function hasTimes(flags: string): boolean {
  return /-tttt(?!t)|-tt(?!t)/.test(flags);
}

function capturesBelow(root: string, most: number): string[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(pcap|pcapng)$/.test(file) && statSync(join(root, file)).size < 100_000)
    .sort()
    .map((file) => join(root, file));
  const step = Math.max(1, Math.floor(files.length / most));
  return files.filter((_, at) => at % step === 0);
}

async function compare(
  file: string,
  truth: Awaited<ReturnType<typeof packetsOfFile>>,
  flags: string,
): Promise<string[]> {
  const text = printed(file, flags.split(' '));
  if (text === undefined) return [];
  const told = await packetsOfText(text, { command: `tcpdump ${flags}` });
  // tcpdump ends where a file is damaged or has a second link type.
  if (told.length < truth.length && /pcapng$/.test(file)) return [];
  if (told.length !== truth.length) return [`${file} ${flags}: ${told.length} packets for ${truth.length}`];
  return truth.flatMap((packet, at) => {
    const of = told[at];
    const found = of ? differences(of, packet, hasTimes(flags)) : ['missing'];
    return found.map((text) => `${file} ${flags}: packet ${at + 1}: ${text}`);
  });
}

describe.skipIf(!hasTcpdump())('what tcpdump prints of recorded captures', () => {
  // Found and read once: they are the same whatever the flags are.
  const truths = new Map<string, Awaited<ReturnType<typeof packetsOfFile>>>();
  beforeAll(async () => {
    for (const file of capturesBelow('captures', 8)) truths.set(file, await packetsOfFile(file));
    expect(truths.size).toBeGreaterThanOrEqual(8);
  });

  it.each(FLAGS)('tcpdump %s', async (flags) => {
    const wrong: string[] = [];
    for (const [file, truth] of truths) wrong.push(...(await compare(file, truth, flags)));
    expect(wrong.join('\n')).toBe('');
  });
});

/** Of other people's captures, of all protocols that there are: where the two part for more than a few, something is misread. */
const CORPUS = '../shared/corpus/captures';

describe.skipIf(!hasTcpdump() || !existsSync(CORPUS))('what tcpdump prints of the captures of others', () => {
  it.each(['-nn', '-nn -e -v -tttt', '-nn -S -XX -tt'])(
    'tcpdump %s',
    async (flags) => {
      const wrong: string[] = [];
      let packets = 0;
      for (const file of capturesBelow(CORPUS, 60)) {
        const truth = await packetsOfFile(file);
        const text = printed(file, flags.split(' '));
        if (text === undefined) continue;
        const told = await packetsOfText(text, { command: `tcpdump ${flags}` });
        if (told.length !== truth.length) continue;
        packets += truth.length;
        for (const [at, packet] of truth.entries()) {
          const found = told[at] ? differences(told[at], packet, hasTimes(flags)) : [];
          if (found.length > 0) wrong.push(`${file} packet ${at + 1}: ${found.join('; ')}`);
        }
      }
      expect(packets).toBeGreaterThan(200);
      expect(wrong.length / packets, wrong.slice(0, 10).join('\n')).toBeLessThan(0.01);
    },
    120_000,
  );
});
