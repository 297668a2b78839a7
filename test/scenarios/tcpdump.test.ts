import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles, confidentErrors, differences, readExpectation } from '../support/expectation.ts';
import { hasTcpdump, printed } from '../tcpdump/compare.ts';

/**
 * Recorded incidents of whose captures only what tcpdump printed is left. With all that it can print the answer stays; with the
 * plain form it may be less certain, and is never wrong with confidence.
 */
const ROOT = 'captures';
const FORMS = {
  rich: ['-nn', '-e', '-v', '-S', '-tttt'],
  plain: ['-nn'],
} as const;
/** Every so many incidents, so that all kinds are among them and the run stays short. */
const STEP = Number(process.env.NETTRACE_EVERY ?? 5);
const LARGE = 200_000;

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-tcpdump-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function incidents(): string[] {
  return readdirSync(ROOT)
    .filter((name) => existsSync(join(ROOT, name, 'expect.json')))
    .filter((name) => !capturesOf(join(ROOT, name, 'bundle')).some(({ size }) => size > LARGE))
    .filter((_, at) => at % STEP === 0);
}

function capturesOf(bundle: string): { readonly path: string; readonly size: number }[] {
  return readdirSync(bundle, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^captures\/.*\.pcap(ng)?$/.test(file))
    .map((file) => ({ path: file, size: statSync(join(bundle, file)).size }));
}

/** A copy of the bundle with texts in the place of its captures. */
function asText(name: string, form: keyof typeof FORMS): string {
  const bundle = join(ROOT, name, 'bundle');
  const copy = join(scratch, `${name}-${form}`);
  cpSync(bundle, copy, { recursive: true });
  for (const { path } of capturesOf(bundle)) {
    rmSync(join(copy, path));
    const text = printed(join(bundle, path), FORMS[form]) ?? '';
    writeFileSync(join(copy, path.replace(/\.pcap(ng)?$/, '.txt')), text, 'latin1');
  }
  return copy;
}

describe.skipIf(!hasTcpdump())('incidents whose captures are text', () => {
  it.each(incidents())('%s: with addresses, headers and dates', async (name) => {
    const analysis = await analyzeFiles(asText(name, 'rich'));
    const expectation = readExpectation(join(ROOT, name, 'expect.json'));
    expect(confidentErrors(analysis, expectation).join('\n')).toBe('');
    if (process.env.NETTRACE_TELL)
      console.log(`rich ${name}: ${differences(analysis, expectation).join('; ')}`);
  });

  it.each(incidents())('%s: as tcpdump -nn prints it', async (name) => {
    const analysis = await analyzeFiles(asText(name, 'plain'));
    const expectation = readExpectation(join(ROOT, name, 'expect.json'));
    expect(confidentErrors(analysis, expectation).join('\n')).toBe('');
    if (process.env.NETTRACE_TELL)
      console.log(`plain ${name}: ${differences(analysis, expectation).join('; ')}`);
  });
});
