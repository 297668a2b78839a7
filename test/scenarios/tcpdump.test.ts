import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BundleFile, filesBelow, readBundle } from '../support/bundle-files.ts';
import { analyzeInMemory, confidentErrors, differences, readExpectation } from '../support/expectation.ts';
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

function incidents(): string[] {
  return readdirSync(ROOT)
    .filter((name) => existsSync(join(ROOT, name, 'expect.json')))
    .filter((_, at) => at % STEP === 0)
    .filter((name) => !isLarge(join(ROOT, name, 'bundle')));
}

/** Packed ones count as well: they are large, and tcpdump doesn't read them. */
function isLarge(bundle: string): boolean {
  return filesBelow(bundle).some(
    (file) => file.startsWith('captures/') && statSync(join(bundle, file)).size > LARGE,
  );
}

const isCapture = (file: string) => /^captures\/.*\.pcap(ng)?$/.test(file);

/** The bundle with texts in the place of its captures. */
function asText(name: string, form: keyof typeof FORMS): BundleFile[] {
  const bundle = join(ROOT, name, 'bundle');
  return readBundle(bundle).map((file) => {
    if (!isCapture(file.name)) return file;
    const text = printed(join(bundle, file.name), FORMS[form]) ?? '';
    return { name: file.name.replace(/\.pcap(ng)?$/, '.txt'), bytes: Buffer.from(text, 'latin1') };
  });
}

describe.skipIf(!hasTcpdump())('incidents whose captures are text', () => {
  it.each(incidents())('%s: with addresses, headers and dates', async (name) => {
    const analysis = await analyzeInMemory(name, asText(name, 'rich'));
    const expectation = readExpectation(join(ROOT, name, 'expect.json'));
    expect(confidentErrors(analysis, expectation).join('\n')).toBe('');
    if (process.env.NETTRACE_TELL)
      console.log(`rich ${name}: ${differences(analysis, expectation).join('; ')}`);
  });

  it.each(incidents())('%s: as tcpdump -nn prints it', async (name) => {
    const analysis = await analyzeInMemory(name, asText(name, 'plain'));
    const expectation = readExpectation(join(ROOT, name, 'expect.json'));
    expect(confidentErrors(analysis, expectation).join('\n')).toBe('');
    if (process.env.NETTRACE_TELL)
      console.log(`plain ${name}: ${differences(analysis, expectation).join('; ')}`);
  });
});
