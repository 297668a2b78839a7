/** Every incident there is, analysed once: for CI systems, as Markdown, as a page read by a parser and in a browser, and its drawing. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analysisForCi } from '../../src/cli/actions/ci.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { catalogue } from '../../src/report/catalogue.ts';
import { reportPage } from '../../src/report/html/report.ts';
import { analysisMarkdown } from '../../src/report/markdown/analysis.ts';
import { sentence } from '../../src/report/text/sentence.ts';
import { drawTopology } from '../../src/report/topology/draw.ts';
import { incidentOf } from '../../src/report/topology/incident.ts';
import { svgDocument } from '../../src/report/topology/svg.ts';
import { checkedSarif, checkGithub } from '../cli/ci-forms.ts';
import { run } from '../cli/harness.ts';
import { chromiumPath, complaintsOf, openBrowser } from '../support/browser.ts';
import { expectValid } from '../support/schemas.ts';
import { checkJunit } from '../support/xml-check.ts';
import { framesIn } from './framed.ts';
import { mermaidParser, readMarkdown } from './markdown-tree.ts';
import { opened, textsOf } from './opened.ts';
import { faultsIn, faultsOf } from './page-faults.ts';
import { faults, readPicture } from './topology/pictures.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-incidents-'));
afterAll(() => rmSync(folder, { recursive: true }));

function bundlesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .map((name) => join(path, name, 'bundle'))
    .filter((bundle) => existsSync(bundle));
}

const bundles = [...bundlesIn('captures'), ...bundlesIn('../shared/scenarios')];
const pageOf = (bundle: string) => join(folder, `${basename(dirname(bundle))}.html`);
const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;

let parseMermaid: (text: string) => Promise<string>;
beforeAll(async () => {
  parseMermaid = await mermaidParser();
}, 60_000);

describe.each(bundles)('%s', (bundle) => {
  let analysis: Analysis;
  let status: number;
  beforeAll(async () => {
    const { stdout, stderr, ...ran } = await run(['analyze', bundle, '--format', 'json']);
    status = ran.status;
    expect(status, stderr).toBeLessThan(2);
    analysis = JSON.parse(stdout) as Analysis;
  }, 60_000);

  it('is valid against its schema', () => {
    expectValid('analysis', analysis);
  });

  it('is told to CI systems, with failures where the status is 1', () => {
    const told = { version: '0.1.0', pages: catalogue(), unusable: [] };
    const junit = checkJunit(analysisForCi('junit', analysis, told));
    expect(Number(junit.attributes.failures) > 0).toBe(status === 1);
    const sarif = checkedSarif(analysisForCi('sarif', analysis, told));
    expect(sarif.runs[0]?.results.length).toBe(analysis.findings.length);
    expect(checkGithub(analysisForCi('github', analysis, told)).length).toBe(analysis.findings.length);
  });

  it('is Markdown that says the same, with diagrams that Mermaid reads', async () => {
    const { findings, flows } = analysis;
    const text = analysisMarkdown(analysis);
    const { headings, tables, fences, faults: broken } = readMarkdown(text);
    expect(broken).toEqual([]);
    const shown = (title: string) => title.replaceAll('`', '').replace(/\s+/g, ' ');
    expect(
      headings.filter(({ depth, text: title }) => depth === 3 && /^\d/.test(title)).map((each) => each.text),
    ).toEqual(findings.map(({ title }, index) => `${index + 1}. ${shown(sentence(title))}`));
    const commands = findings.flatMap(({ fix, next }) => [fix?.commands ?? [], next?.commands ?? []]);
    expect(fences.filter(({ language }) => language === 'sh').map((each) => each.text)).toEqual(
      commands.filter(({ length }) => length > 0).map((lines) => lines.join('\n')),
    );
    const evidence = tables.filter(({ head }) => head[0] === 'Where');
    expect(evidence.map(({ rows }) => rows.map(([, what = '']) => shown(what)))).toEqual(
      findings
        .map((finding) => finding.evidence.map((item) => shown(item.text)))
        .filter(({ length }) => length > 0),
    );
    const drawn = fences.filter(({ language }) => language === 'mermaid');
    const kinds = await Promise.all(drawn.map((each) => parseMermaid(each.text)));
    const timed = findings.filter((finding) =>
      flows.some(({ id, timeline }) => timeline && finding.flows.includes(id)),
    );
    expect(kinds.filter((kind) => kind === 'sequence')).toHaveLength(timed.length);
    expect(kinds.filter((kind) => kind === 'flowchart-v2')).toHaveLength(1);
  });

  it('is a page that stands alone and says what the analysis says', async () => {
    const page = await reportPage(analysis);
    writeFileSync(pageOf(bundle), page);
    const document = opened(page);

    const policy = document.querySelector('[http-equiv=Content-Security-Policy]')?.getAttribute('content');
    const [script] = document.querySelectorAll('script:not([type])');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src '${hashOf(document.querySelector('style')?.textContent ?? '')}'`);
    expect(policy).toContain(`script-src '${hashOf(script?.textContent ?? '')}'`);
    expect(document.querySelectorAll('[src], link, iframe, object, [style], [onclick]')).toHaveLength(0);
    for (const link of document.querySelectorAll('a[href]'))
      expect(document.querySelector(link.getAttribute('href') ?? ''), link.outerHTML).not.toBeNull();

    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    // A title begins as a sentence does.
    expect(textsOf(document.querySelectorAll('article h3')).map((title) => title.toLowerCase())).toEqual(
      analysis.findings.map(({ title }) => title.replaceAll('`', '').toLowerCase()),
    );
    for (const each of document.querySelectorAll('script')) each.remove();
    expect(document.body.textContent).not.toMatch(/undefined|\[object|NaN|Infinity/);
    // Every drawing says in words what it shows.
    for (const drawing of document.querySelectorAll('svg'))
      expect(drawing.getAttribute('aria-label') ?? drawing.querySelector('title')?.textContent).toBeTruthy();
  });

  it('is drawn without overlaps, with its path too', async () => {
    const { topology } = analysis;
    expect(faults(readPicture(await svgDocument(drawTopology(topology))))).toEqual([]);
    expect(faults(readPicture(await svgDocument(drawTopology(topology, incidentOf(analysis)))))).toEqual([]);
  });
});

/**
 * A browser takes longer than all the rest: of every three pages it looks at one, of which some have a window of their own and axe, the others a
 * frame. All pages are of the same parts, whose colours and widths hardly depend on the incident.
 */
const LOOKED_AT = 3;
const EVERY = 12;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(chromiumPath() === undefined)('in a browser (needs chromium)', () => {
  it('pages are silent, fit windows of all widths, and are legible in light and dark', async () => {
    const browser = await openBrowser();
    try {
      const window = await browser.newPage();
      const around = await browser.newPage();
      const complaints = [await complaintsOf(window), await complaintsOf(around)];
      const openInFrame = await framesIn(around, folder);
      const found: string[] = [];
      for (const [index, bundle] of bundles.entries()) {
        if (index % LOOKED_AT !== 0) continue;
        const url = pathToFileURL(pageOf(bundle)).href;
        const own: string[] = [];
        if (index % EVERY === 0) {
          await window.goto(url);
          own.push(...(await faultsOf(window)), ...(await barriersIn(window)));
        } else own.push(...(await faultsIn(await openInFrame(url))));
        own.push(...complaints.flatMap((each) => each.splice(0)));
        found.push(...own.map((fault) => `${bundle}: ${fault}`));
      }
      expect(found).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 240_000);
});

async function barriersIn(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
}
