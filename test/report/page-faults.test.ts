/** The checks of a page's look find what is wrong with it, in a window and in a frame that is not painted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { chromiumPath, complaintsOf, openBrowser } from '../support/browser.ts';
import { framesIn } from './framed.ts';
import { faultsIn, faultsOf } from './page-faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-faults-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PAGE = `<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
  body { margin: 0; background: #fff; color: #000 }
  .wide { width: 900px }
  .faint { color: #ccc }
  @media (prefers-color-scheme: dark) { body { background: #000; color: #fff } .dim { color: #333 } }
</style>
<p class="wide">wide</p>
<p class="faint">faint</p>
<p class="dim">dim</p>
<svg width="300" height="100">
  <rect width="300" height="100" fill="#fff"/>
  <text x="10" y="20">under</text>
  <text x="12" y="22">over</text>
  <text x="265" y="60">cut off</text>
  <rect y="70" width="300" height="30" fill="#888"/>
  <text x="10" y="90" fill="#999">on grey</text>
  <rect y="70" width="300" height="30" fill="none"/>
</svg>
<script>console.log('said'); new Image().src = 'http://192.0.2.1/image'</script>
`;

describe.skipIf(chromiumPath() === undefined)('faults of a page (needs chromium)', () => {
  it('are found, and are the same in a frame', async () => {
    const path = join(folder, 'page.html');
    writeFileSync(path, PAGE);
    const { href } = pathToFileURL(path);
    const browser = await openBrowser();
    try {
      const window = await browser.newPage();
      const ownComplaints = await complaintsOf(window);
      await window.goto(href);
      const own = await faultsOf(window);
      expect(own).toEqual([
        '500 pixels wider than a window of 400',
        '100 pixels wider than a window of 800',
        '“under” and “over” overlap',
        '“cut off” is cut',
        expect.stringMatching(/^dark: “dim” has a contrast of 1\.\d+$/),
        expect.stringMatching(/^dark: “on grey” has a contrast of 1\.\d+$/),
        expect.stringMatching(/^light: “faint” has a contrast of 1\.\d+$/),
        expect.stringMatching(/^light: “on grey” has a contrast of 1\.\d+$/),
      ]);
      expect(ownComplaints.length).toBeGreaterThan(1);

      const around = await browser.newPage();
      const complaints = await complaintsOf(around);
      const openInFrame = await framesIn(around, folder);
      for (const _ of ['first', 'second']) {
        complaints.length = 0;
        expect(await faultsIn(await openInFrame(href))).toEqual(own);
        expect(complaints.toSorted()).toEqual(ownComplaints.toSorted());
      }
    } finally {
      await browser.close();
    }
  });
});
