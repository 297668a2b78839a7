/** The report's page used in a real browser: by keyboard, on paper, without scripts, with 100,000 flows, and with what strangers put in. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';
import { reportPage } from '../../src/report/html/report.ts';
import { run } from '../cli/harness.ts';
import { chromiumPath, complaintsOf, openBrowser } from '../support/browser.ts';
import { faultsOf } from './page-faults.ts';
import { EVIL, poisoned } from './poison.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-chromium-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, `${name}.html`);
const url = (name: string) => pathToFileURL(file(name)).href;

async function analysisOf(incident: string): Promise<Analysis> {
  const { stdout } = await run(['analyze', `captures/${incident}/bundle`, '--format', 'json']);
  return JSON.parse(stdout) as Analysis;
}

function healthy(count: number): AnalysisFlow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: 1000 + index,
    protocol: index % 2 === 0 ? 'tcp' : 'udp',
    client: {
      address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      port: 1024 + (index % 60_000),
    },
    server: { address: '192.0.2.9', port: 443, name: 'web' },
    start: 1_700_000_000 + ((index * 7919) % count),
    end: 1_700_000_100 + index,
    packets: { forward: (index * 31) % 1009, reply: 1 },
    status: index % 10 === 0 ? 'no-reply' : 'delivered',
    sightings: [],
    predicted: [],
    findings: [],
  }));
}

describe.skipIf(chromiumPath() === undefined)('a page in a browser (needs chromium)', () => {
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    const incident = await analysisOf('published-port-no-way-back');
    writeFileSync(
      file('incident'),
      await reportPage({ ...incident, flows: [...incident.flows, ...healthy(60)] }),
    );
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  const open = async (name: string, options: Parameters<Browser['newPage']>[0] = {}) => {
    page = await browser.newPage({
      viewport: { width: 1000, height: 800 },
      reducedMotion: 'reduce',
      ...options,
    });
    complaints = await complaintsOf(page);
    await page.goto(url(name));
    return page;
  };
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const count = (selector: string) => page.locator(selector).count();
  const said = (selector: string) => page.locator(selector).first().textContent();
  const column = (number: number) =>
    page.locator(`#flow-table tbody td:nth-child(${number})`).allTextContents();

  describe('by the keyboard alone', () => {
    it('every control is reached in the order of the page, and shows that it is', async () => {
      await open('incident');
      const controls = await page.evaluate(() => {
        const all = document.querySelectorAll<HTMLElement>(
          'a[href], button:not(:disabled), input, select, summary, [tabindex="0"]',
        );
        return [...all].filter((each) => each.checkVisibility()).map((each) => each.outerHTML.slice(0, 120));
      });
      expect(controls.length).toBeGreaterThan(20);
      const reached: string[] = [];
      for (let step = 0; step < controls.length; step++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const focused = document.activeElement as HTMLElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(focused);
          const { left, right, top, bottom } = focused.getBoundingClientRect();
          const isOnScreen = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
          const isShown = isOnScreen && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
          return `${isShown ? '' : 'not shown: '}${focused.outerHTML.slice(0, 120)}`;
        });
        reached.push(at);
      }
      expect(reached).toEqual(controls);
    });

    it('the first step leads past the head of the page', async () => {
      await open('incident');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    });

    it('columns are sorted by Enter and Space, and say so', async () => {
      await open('incident');
      const head = page.getByRole('columnheader', { name: 'There' });
      await head.getByRole('button').focus();
      await page.keyboard.press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      const up = (await column(5)).map(Number);
      expect(up).toEqual(up.toSorted((a, b) => a - b));
      await page.keyboard.press('Space');
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      const down = (await column(5)).map(Number);
      expect(down).toEqual(down.toSorted((a, b) => b - a));
      expect(await count('[aria-sort]')).toBe(1);
      await page.getByRole('columnheader', { name: 'Client' }).getByRole('button').press('Enter');
      expect((await column(3)).slice(0, 3)).toEqual(['10.0.0.0:1024', '10.0.0.1:1025', '10.0.0.2:1026']);
    });

    it('flows are found, chosen by outcome, and paged through', async () => {
      await open('incident');
      await page.keyboard.press('/');
      await page.keyboard.type('udp 10.0.0.3');
      await expect.poll(() => said('#flow-count')).toMatch(/^\d+ of 62 flows$/);
      expect((await column(3)).every((client) => client.startsWith('10.0.0.3'))).toBe(true);
      await page.keyboard.press('Escape');
      await expect.poll(() => said('#flow-count')).toBe('62 flows');
      const next = page.getByRole('button', { name: 'On', exact: true });
      await next.press('Enter');
      expect(await said('[data-place]')).toBe('page 2 of 3');
      await next.press('Space');
      expect(await said('[data-place]')).toBe('page 3 of 3');
      expect(await next.isDisabled()).toBe(true);
      const outcome = page.getByLabel('Outcome');
      await outcome.focus();
      await page.keyboard.type('no answer');
      await expect.poll(() => said('#flow-count')).toBe('7 of 62 flows');
    });

    it('commands are copied, or selected where that is not allowed, and details opened', async () => {
      await open('incident');
      const copy = page.getByRole('button', { name: 'Copy' }).first();
      await copy.press('Enter');
      await expect.poll(() => said('[data-copy]')).toMatch(/^(Copied|Selected)$/);
      if ((await said('[data-copy]')) === 'Selected')
        expect(await page.evaluate(() => String(getSelection()).trim())).toBe(
          'ip netns exec vault ip route add default via 10.88.3.1',
        );
      const summary = page.getByText('The same as a table');
      await summary.press('Enter');
      expect(await page.locator('details[open] th', { hasText: 'Seen at' }).isVisible()).toBe(true);
    });
  });

  it('is read by its headings, landmarks and tables, also where rows are stacked', async () => {
    await open('incident', { viewport: { width: 400, height: 800 } });
    const tree = await page.locator('body').ariaSnapshot();
    for (const part of ['- banner:', '- main:', '- navigation "Sections":', '- heading "Evidence" [level=4]'])
      expect(tree).toContain(part);
    expect(tree).toMatch(
      /columnheader "Where"[\s\S]*?- row "captures\/host\/enp1s0\.pcapng none of its \d+ packets/,
    );
  });

  it('on paper shows what is folded, and nothing to press', async () => {
    // A4 between margins of a centimetre.
    await open('incident', { viewport: { width: 718, height: 1000 } });
    await page.emulateMedia({ media: 'print' });
    const shown = (selector: string) =>
      page
        .locator(selector)
        .evaluateAll(
          (all) => all.filter((each) => each.checkVisibility({ contentVisibilityAuto: true })).length,
        );
    for (const selector of ['button:not(th button)', 'input', 'select', 'nav', '.skip', '.other'])
      expect(await shown(selector), selector).toBe(0);
    const folded = await count('details:not(.other) td');
    expect(folded).toBeGreaterThan(20);
    expect(
      await page
        .locator('details:not(.other) td')
        .evaluateAll((cells) => cells.filter((cell) => cell.getBoundingClientRect().height > 0).length),
    ).toBe(folded);
    expect(await said('[data-place]')).toBe('page 1 of 3');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(over).toBeLessThanOrEqual(0);
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('says everything that matters where scripts are off', async () => {
    await open('incident', { javaScriptEnabled: false });
    // biome-ignore lint/performance/useDomNodeTextContent: what is not shown is not said.
    const text = await page.locator('body').innerText();
    for (const part of [
      'vault has no route for its answer to 198.51.100.200',
      'ip netns exec vault ip route add default via 10.88.3.1',
      'verified by replay',
      'no default route, and no route to 198.51.100.200',
      'The first 25 are shown.',
    ])
      expect(text).toContain(part);
    expect(await count('#flow-table tbody tr')).toBe(25);
    expect(await page.locator('button, input, select').filter({ visible: true }).count()).toBe(0);
    await page.getByText('The same as a table').click();
    expect(await page.getByRole('columnheader', { name: 'Seen at' }).isVisible()).toBe(true);
  });

  describe('of 100,000 flows', () => {
    const COUNT = 100_000;
    beforeAll(async () => {
      const incident = await analysisOf('dnat-to-a-ghost');
      const flows = [...incident.flows, ...healthy(COUNT - incident.flows.length)];
      const [first] = incident.findings;
      const findings = first ? [{ ...first, flows: flows.slice(0, COUNT / 2).map(({ id }) => id) }] : [];
      writeFileSync(file('large'), await reportPage({ ...incident, flows, findings }));
    }, 60_000);

    it('has a page of a size to send, and lays out no more than what is read', async () => {
      expect(statSync(file('large')).size).toBeLessThan(14_000_000);
      await open('large');
      expect(await said('#flow-count')).toBe('100,000 flows');
      expect(await count('#flow-table tbody tr')).toBe(25);
      expect(await count('*')).toBeLessThan(1500);
      expect(await count('.affected li')).toBeLessThan(12);
    });

    it('puts no more than one page of rows into the document, whatever is done', async () => {
      await open('large');
      const before = await count('*');
      await page.evaluate(() => {
        const put = { rows: 0 };
        (globalThis as unknown as { put: typeof put }).put = put;
        new MutationObserver((changes) => {
          for (const { addedNodes } of changes) put.rows += addedNodes.length;
        }).observe(document.querySelector('#flow-table tbody') as Element, { childList: true });
      });
      const put = async () => {
        await page.evaluate(() => new Promise(requestAnimationFrame));
        return page.evaluate(() => {
          const { put: seen } = globalThis as unknown as { put: { rows: number } };
          const { rows } = seen;
          seen.rows = 0;
          return rows;
        });
      };
      await page.getByRole('columnheader', { name: 'Client' }).getByRole('button').click();
      expect(await put()).toBe(25);
      expect((await column(3)).slice(0, 2)).toEqual(['10.0.0.0:1024', '10.0.0.1:1025']);
      await page.getByRole('button', { name: 'On', exact: true }).click();
      expect(await put()).toBe(25);
      // A word typed at once is looked for once, not letter by letter.
      await page.locator('[data-filter]').focus();
      await page.keyboard.insertText('udp ');
      await page.keyboard.insertText('10.1.77.2');
      await expect.poll(() => said('#flow-count')).toBe('33 of 100,000 flows');
      expect(await put()).toBe(25);
      await page.getByLabel('Outcome').selectOption('answered');
      await expect.poll(() => said('#flow-count')).toMatch(/^\d+ of 100,000 flows$/);
      expect(await put()).toBeLessThanOrEqual(25);
      expect(await count('*')).toBeLessThanOrEqual(before);
    });
  });

  describe('with what strangers put in', () => {
    const LONG = 'n'.repeat(10_000);
    it.each([
      ['markup, bidi and control characters', 'docker-forward-drop-other-bridge', EVIL],
      ['a script', 'published-port-no-way-back', '<script>alert(1)</script><svg onload=alert(2)>'],
      ['addresses that run', 'dnat-to-a-ghost', ' javascript:alert(1) <a href="javascript:alert(1)">x</a>'],
      ['names of 10,000 letters', 'docker-forward-drop-other-bridge', LONG],
      ['names of 10,000 letters, several hosts', 'fleet-far-router-knows-no-way-back', LONG],
    ])('is text and breaks nothing: %s', async (_, incident, poison) => {
      writeFileSync(file('evil'), await reportPage(poisoned(await analysisOf(incident), poison)));
      await open('evil');
      expect(await faultsOf(page)).toEqual([]);
      expect(await count('img, iframe, object, a:not([href^="#"])')).toBe(0);
      expect(await count('script')).toBe(2);
      // What is typed and pressed puts no markup in either.
      await page.getByRole('columnheader', { name: 'Server' }).getByRole('button').click();
      await page.locator('[data-filter]').fill('<script>');
      await page.locator('[data-filter]').fill('');
      if ((await count('[data-copy]')) > 0) await page.locator('[data-copy]').first().click();
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await count('img, iframe, object, a:not([href^="#"])')).toBe(0);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    });
  });
});
