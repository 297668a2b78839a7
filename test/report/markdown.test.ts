/** What strangers put into a report, what doesn't fit into an issue, and what a sequence shows. All incidents are in html.test.ts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { analysisMarkdown } from '../../src/report/markdown/analysis.ts';
import { code, fenced, prose, table } from '../../src/report/markdown/escape.ts';
import { run } from '../cli/harness.ts';
import { faultsOf, mermaidParser, readMarkdown } from './markdown-tree.ts';
import { poisoned } from './poison.ts';
import { containersOn } from './topology/large.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-markdown-'));
afterAll(() => rmSync(folder, { recursive: true }));

let parseMermaid: (text: string) => Promise<string>;
beforeAll(async () => {
  parseMermaid = await mermaidParser();
});

async function analysisOf(incident: string): Promise<Analysis> {
  const { stdout } = await run(['analyze', `captures/${incident}/bundle`, '--format', 'json']);
  return JSON.parse(stdout) as Analysis;
}

/** Of each text of a table what it is shown as, read back. */
const shownIn = (text: string) => readMarkdown(table(['a', 'b'], [[text, '']])).tables[0]?.rows[0]?.[0];

describe('prose', () => {
  it.each([
    ['the host drops it: net.ipv4.ip_forward is 0', 'the host drops it: `net.ipv4.ip_forward` is 0'],
    [
      'nat DOCKER rule 2: -A DOCKER ! -i docker0 -p tcp -j DNAT --to-destination 172.17.0.2:80',
      'nat DOCKER rule 2: `-A DOCKER ! -i docker0 -p tcp -j DNAT --to-destination 172.17.0.2:80`',
    ],
    ['net.ipv4.ip_forward = 0', '`net.ipv4.ip_forward = 0`'],
    ['10.0.0.2:1 → 10.0.0.9:80 (web), 1,234 packets', '`10.0.0.2:1 → 10.0.0.9:80` (web), 1,234 packets'],
    ['it lacks `-i docker0`, which (`it`) has', 'it lacks `-i docker0`, which (`it`) has'],
    ['docker-proxy’s way back isn’t there…', 'docker-proxy’s way back isn’t there…'],
    ['the prefix fd00:100::/64 and fd00::', 'the prefix `fd00:100::/64` and `fd00::`'],
    ['1. one', '1\\. one'],
    ['on 2026-11-21 at 10:07:18.336;', 'on 2026-11-21 at 10:07:18.336;'],
    ['* - + # > | ~~~ === ---', '`* - + # > | ~~~ === ---`'],
    ['mail me@example.org, @octocat or #12', 'mail `me@example.org`, `@octocat` or `#12`'],
    ['commit deadbeef fixes GH-1', 'commit `deadbeef` fixes `GH-1`'],
    ['a `b', 'a `` `b ``'],
    ['\x1b[2J', '`\\x1b[2J`'],
    ['', ''],
  ])('%j', (text, markdown) => {
    expect(prose(text)).toBe(markdown);
    expect(faultsOf(markdown)).toEqual([]);
  });
});

/** What Markdown, HTML, Mermaid, GitHub or GitLab could take for their own. */
const EVIL: readonly string[] = [
  '`',
  '```\n# out\n```',
  '~~~',
  '|',
  '\\|',
  'a|b`c|d`',
  '\\',
  ' | --- |\n',
  '</details><script>alert(1)</script><img src=x onerror=alert(1)><!--',
  '<summary>&lt;b&gt;&#64;octocat',
  '![x](https://evil.example/x.png) [x](javascript:alert(1)) <https://evil.example>',
  ' https://evil.example www.evil.example root@evil.example mailto:root@evil.example',
  ' @octocat @org/team #12 GH-12 org/repo#12 !12 $12 ~bug %12 &12 PROJ-12 deadbeefcafe 1234567',
  ' :smile: :100: $$x$$ $`x`$ [^1] {{x}} ==x== ^x^',
  '\n/close\n/assign @octocat',
  '\n- [x] task\n> quote\n# head\n***\n===',
  '"]; end\n  click n0 href "javascript:alert(1)"\n  c0->>c1: %%{init: {}}%% ; # end',
  'wrap: \x1b[2J\x1b]0;owned\x07\r\u202e\u200b\u2028\x9b2J',
  '字'.repeat(300),
];

describe('the judge', () => {
  it.each([
    ['<img src=x>', 'an element img'],
    ['a <b>b</b>', 'an element b'],
    ['<details onclick=x>', 'an attribute onclick'],
    ['![x](y)', 'an element img'],
    ['[x](y)', 'an element a'],
    ['https://x.example', 'an element a'],
    ['> x', 'an element blockquote'],
    ['hello @octocat', '“hello @octocat” in plain text'],
    ['see \\#12', '“see #12” in plain text'],
    ['\\@octocat', '“@octocat” in plain text'],
    [':100: :smile:', '“:100: :smile:” in plain text'],
    ['see deadbeefcafe1', '“see deadbeefcafe1” in plain text'],
    ['|a|b|\n|-|-|\n|x|y|z|', 'not 2 cells: |x|y|z|'],
    ['x'.repeat(70_000), '70000 bytes'],
  ])('finds what is there to find: %j', (text, fault) => {
    expect(faultsOf(text)).toContain(fault);
  });
});

describe('what strangers put in', () => {
  it.each(EVIL)('is shown as it is: %j', (evil) => {
    const seen = (text: string) =>
      text.replace(/[\x00-\x1f\x7f-\x9f\u200b\u2028\u202e]/g, '').replace(/\\[nrx]|\s+/g, '');
    for (const text of [evil, `a${evil}`, `${evil}b`, `a ${evil} b`]) {
      expect(faultsOf(prose(text))).toEqual([]);
      expect(faultsOf(code(text))).toEqual([]);
      expect(faultsOf(`${table(['a', 'b'], [[prose(text), code(text)]])}\n`)).toEqual([]);
      const { fences, elements } = readMarkdown(fenced('sh', [text, 'true']));
      expect(fences).toHaveLength(1);
      expect(fences[0]?.text.endsWith('\ntrue')).toBe(true);
      expect(elements).toEqual({ pre: 1, code: 1 });
      if (/^[\x21-\x7e]+$/.test(text) && !text.includes('\\|')) {
        expect(shownIn(code(text))).toBe(text);
        expect(seen(shownIn(prose(text)) ?? '').replaceAll('`', '')).toBe(seen(text).replaceAll('`', ''));
      }
    }
  });

  it.each([
    ['published-port-no-way-back', EVIL],
    ['docker-forward-drop-other-bridge', [EVIL.join(' ')]],
    ['fleet-underlay-port-dropped', [EVIL.toReversed().join(' ')]],
  ])('makes nothing of itself in a report: %s', async (incident, texts) => {
    const clean = await analysisOf(incident);
    const before = readMarkdown(analysisMarkdown(clean));
    const shape = ({ headings, tables, fences, elements: { code: _, ...others } }: typeof before) => ({
      headings: headings.map(({ depth }) => depth),
      tables: tables.map(({ rows }) => rows.length),
      fences: fences.map(({ language }) => language),
      others,
    });
    for (const evil of texts) {
      const text = analysisMarkdown(poisoned(clean, evil));
      const tree = readMarkdown(text);
      expect(tree.faults, evil).toEqual([]);
      if (!text.includes('**Left out**')) expect(shape(tree), evil).toEqual(shape(before));
      for (const each of tree.fences.filter(({ language }) => language === 'mermaid')) {
        expect(await parseMermaid(each.text)).toMatch(/^(?:sequence|flowchart-v2)$/);
        expect(each.text).not.toMatch(/<(?!br\/>|==>)|[`"]alert|%%\{|^\s*click/m);
      }
    }
  });
});

describe('what is more than an issue holds', () => {
  it('is left out, the least important first, and counted', async () => {
    const analysis = await analysisOf('docker-forward-drop-other-bridge');
    const [finding] = analysis.findings;
    if (!finding) throw new Error('it has no finding');
    const COUNT = 300;
    const large: Analysis = {
      ...analysis,
      topology: { ...containersOn(8, 1000, true), missing: Array(500).fill(analysis.topology.missing[0]) },
      findings: Array.from({ length: COUNT }, (_, index) => ({
        ...finding,
        title: `${finding.title} ${index}`,
      })),
      flows: Array.from({ length: 5000 }, (_, id) => ({
        ...(analysis.flows[0] as Analysis['flows'][number]),
        id,
      })),
      warnings: Array.from({ length: 3000 }, (_, line) => ({ path: 'a', line, text: 'x'.repeat(300) })),
    };
    const text = analysisMarkdown(large);
    expect(faultsOf(text)).toEqual([]);
    expect(Buffer.byteLength(text)).toBeGreaterThan(50_000);
    const shown = readMarkdown(text).headings.filter(({ text: title }) => /^\d+\. /.test(title));
    expect(shown[0]?.text).toMatch(/^1\. /);
    const [, left] = /\*\*Left out\*\*.*?(\d+) findings/.exec(text) ?? [];
    expect(shown.length + Number(left)).toBe(COUNT);
    expect(text).toContain('and 4,975 flows more');
  });

  it('is a text too long for any', async () => {
    const text = analysisMarkdown(poisoned(await analysisOf('dnat-to-a-ghost'), '字`|@x '.repeat(20_000)));
    expect(faultsOf(text)).toEqual([]);
    expect(text).toMatch(/^## /);
  });
});

describe('a report of an analysis that was written before', () => {
  it('is the same Markdown', async () => {
    const file = join(folder, 'analysis.json');
    const bundle = 'captures/dnat-to-a-ghost/bundle';
    await run(['analyze', bundle, '--format', 'json', '-o', file]);
    const { stdout: direct } = await run(['analyze', bundle, '--format', 'markdown']);
    const out = join(folder, 'issue.md');
    const { status } = await run(['report', file, '--format', 'markdown', '-o', out]);
    expect(status).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(direct);
  });
});

describe('flows that were only counted', () => {
  it('are counted once, whether the analysis was kept or not', async () => {
    const analysis = await analysisOf('dnat-to-a-ghost');
    const [flow] = analysis.flows;
    if (!flow) throw new Error('it has no flow');
    const counted = { flows: 3, delivered: 3, failing: 0, meant: 0, degraded: 0, unknown: 0 };
    const more = [7001, 7002, 7003].map((id) => ({ ...flow, id, findings: [], counted: true }));
    const file = join(folder, 'counted.json');
    writeFileSync(file, JSON.stringify({ ...analysis, flows: [...analysis.flows, ...more], counted }));
    const { stdout } = await run(['report', file, '--format', 'markdown']);
    expect(stdout).toBe(analysisMarkdown({ ...analysis, counted }));
    expect(stdout).toContain(`${analysis.flows.length + 3} flows · `);
    const { stdout: page } = await run(['report', file]);
    expect(page).toContain(`${analysis.flows.length + 3} flows · `);
  });
});

it('has the rule that would have accepted the packet among those on its way', async () => {
  const { tables } = readMarkdown(analysisMarkdown(await analysisOf('docker-forward-drop-other-bridge')));
  const rules = tables.find(({ head }) => head[1] === 'Hook')?.rows.map((row) => row[3]);
  expect(rules?.slice(-2)).toEqual([
    '-A FORWARD -i docker0 ! -o docker0 -j ACCEPT ← near miss: would have accepted it but for -i docker0: the packet comes in by vmbr1',
    'policy DROP ← decides',
  ]);
});

describe('a sequence', () => {
  it('shows what is missing rather than what passed', async () => {
    const text = analysisMarkdown(await analysisOf('fleet-overlay-too-wide'));
    expect(text).toMatch(
      /Note over c0,c7: \d+ more packets?\n {2}c0->>c1: 7240 bytes, 2 times.*\n.*\n {2}c2--xc3: 7240 bytes<br\/>not seen/,
    );
    expect(text).toMatch(/c3->>c4: SYN<br\/>packet 9 in vxlan 61/);
  });

  it('has points as participants, packets as arrows, rewriting as a note', async () => {
    const [sequence = ''] = readMarkdown(analysisMarkdown(await analysisOf('published-port-no-way-back')))
      .fences.filter(({ text }) => text.startsWith('sequenceDiagram'))
      .map(({ text }) => text);
    expect(sequence).toContain('participant c1 as enp1s0<br/>host\n');
    expect(sequence).toMatch(
      /c0->>c1: SYN, 4 times, .*<br\/>packets 5, 8 … 16\n {2}Note over c1,c2: NAT: .*\n {2}c1->>c2: SYN/,
    );
    expect(sequence).toMatch(/c3-->>c4: SYN<br\/>nobody looked/);
  });

  it('crosses what is missing', async () => {
    const text = analysisMarkdown(await analysisOf('docker-forward-drop-other-bridge'));
    expect(text).toMatch(/^ {2}c\d--xc\d: .*<br\/>not seen$/m);
  });
});
