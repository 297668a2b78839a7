/** The page of coverage in a browser: it is silent, fits every width, can be read in light and dark, and by axe. */
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../cli/harness.ts';
import { faultsOf } from '../report/page-faults.ts';
import { chromiumPath, complaintsOf, openBrowser } from '../support/browser.ts';

describe.skipIf(chromiumPath() === undefined)('the page of coverage (needs chromium)', () => {
  const file = join(tmpdir(), `nettrace-coverage-${process.pid}.html`);
  let browser: Browser;

  beforeAll(async () => {
    await run([
      'test',
      'rulesets',
      '--coverage',
      'html',
      '--coverage-output',
      file,
      '--coverage-threshold',
      '99',
      '-q',
    ]);
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(file, { force: true });
  });

  it('is in order', { timeout: 60_000 }, async () => {
    const page = await browser.newPage();
    const complaints = await complaintsOf(page);
    await page.goto(pathToFileURL(file).href);
    expect(await faultsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await page.locator('tr.never').count()).toBeGreaterThan(5);
    await page.getByRole('link', { name: 'rulesets/gateway.rules' }).click();
    expect(new URL(page.url()).hash).toBe('#file-1');
    // The page's policy lets no script in but its own.
    const trusted = await browser.newContext({ bypassCSP: true });
    const tested = await trusted.newPage();
    await tested.goto(pathToFileURL(file).href);
    await tested.evaluate(
      readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
    );
    const { violations } = await tested.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    await trusted.close();
  });
});
