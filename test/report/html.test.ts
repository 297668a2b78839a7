/** What runs in a report's page, what strangers put in, and what it draws. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';
import { reportPage } from '../../src/report/html/report.ts';
import { run } from '../cli/harness.ts';
import { opened, textsOf } from './opened.ts';
import { EVIL, poisoned } from './poison.ts';

const folder = mkdtempSync(join(tmpdir(), 'nettrace-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the rules on the way', () => {
  it('have those that nearly accepted the packet among them, before what decided', async () => {
    const bundle = 'captures/docker-forward-drop-other-bridge/bundle';
    const { stdout } = await run(['analyze', bundle, '--format', 'html']);
    const table = opened(stdout).querySelector('details.rules table');
    const rows = [...(table?.querySelectorAll('tbody tr') ?? [])];
    const [near] = rows.filter(({ className }) => className === 'near');
    expect(textsOf(near?.querySelectorAll('td') ?? [])).toEqual([
      'host',
      'FORWARD',
      'filter FORWARD 5',
      expect.stringMatching(
        /^-A FORWARD -i docker0 ! -o docker0 -j ACCEPT near miss\s*would have accepted it but for -i docker0: the packet comes in by vmbr1$/,
      ),
      expect.stringMatching(/iptables-save\.txt:\d+$/),
    ]);
    const decides = rows.findIndex(({ className }) => className === 'deciding');
    expect(near && rows.indexOf(near)).toBe(decides - 1);
  });

  it('are those alone where no analysis tells more', async () => {
    const bundle = 'captures/docker-forward-drop-other-bridge/bundle';
    const { stdout } = await run(['analyze', bundle, '--format', 'json']);
    const analysis = JSON.parse(stdout) as Analysis;
    for (const flow of analysis.flows) delete flow.nearRules;
    const document = opened(await reportPage(analysis));
    expect(document.querySelectorAll('tr.near')).toHaveLength(0);
    expect(document.querySelectorAll('tr.deciding')).toHaveLength(1);
  });
});

describe('a report of an analysis that was written before', () => {
  it('is the same page', async () => {
    const file = join(folder, 'analysis.json');
    const bundle = 'captures/dnat-to-a-ghost/bundle';
    await run(['analyze', bundle, '--format', 'json', '-o', file]);
    const { stdout: direct } = await run(['analyze', bundle, '--format', 'html']);
    const { stdout, status } = await run(['report', file]);
    expect(status).toBe(0);
    expect(stdout).toBe(direct);
  });

  it.each([
    [
      'no JSON',
      'once upon a time',
      /this is no JSON \(.*\); expected is what nettrace analyze --format json prints/,
    ],
    ['another JSON', '{"schema": "nettrace-show/1"}', /this is no analysis: it must have required property/],
    [
      'a damaged one',
      '{"schema":"nettrace-analysis/1","inputs":[],"topology":{"namespaces":[],"captures":[],"missing":[]},"flows":[{}],"findings":[],"warnings":[]}',
      /this is no analysis: \/flows\/0 must have required property 'id'/,
    ],
  ])('is refused with what is wrong: %s', async (_, text, message) => {
    const file = join(folder, 'other.json');
    writeFileSync(file, text);
    const { status, stdout, stderr } = await run(['report', file]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});

describe('what strangers put in', () => {
  it.each(['docker-forward-drop-other-bridge', 'dnat-to-a-ghost', 'fleet-far-router-knows-no-way-back'])(
    'is text, wherever it stands: %s',
    async (incident) => {
      const { stdout } = await run(['analyze', `captures/${incident}/bundle`, '--format', 'json']);
      const clean = JSON.parse(stdout) as Analysis;
      const page = await reportPage(poisoned(clean, EVIL));
      const before = opened(await reportPage(clean));
      const document = opened(page);
      expect(document.querySelectorAll('img')).toHaveLength(0);
      // As many elements of each kind as without it: nothing was ended, nothing was begun.
      for (const name of ['script', 'style', 'article', 'svg', 'button', 'h3'])
        expect(document.querySelectorAll(name).length, name).toBe(before.querySelectorAll(name).length);
      for (const element of document.querySelectorAll('*'))
        for (const { name } of element.attributes) expect(name).not.toMatch(/^on|^src$/);
      expect(document.body.textContent).toContain('<img src=x onerror=alert(1)>');
      expect(page).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028]/);
    },
  );
});

describe('the table of flows', () => {
  const COUNT = 100_000;
  let document: Document;
  beforeAll(async () => {
    const analysis = JSON.parse(readFileSync(join(folder, 'analysis.json'), 'utf8')) as Analysis;
    const more = Array.from(
      { length: COUNT - analysis.flows.length },
      (_, index): AnalysisFlow => ({
        id: 1000 + index,
        protocol: index % 2 === 0 ? 'tcp' : 'udp',
        client: { address: `10.0.${index >> 8}.${index & 255}`, port: 40_000 },
        server: { address: '192.0.2.9', port: 443 },
        start: 1_700_000_000 + ((index * 7919) % COUNT),
        end: 1_700_000_100 + index,
        packets: { forward: (index * 31) % 1009, reply: 1 },
        status: index % 10 === 0 ? 'no-reply' : 'delivered',
        sightings: [],
        predicted: [],
        findings: [],
        counted: true,
      }),
    );
    document = opened(await reportPage(analysis, { more }));
  }, 60_000);

  const rows = () =>
    [...document.querySelectorAll('#flow-table tbody tr')].map((row) => textsOf(row.children));
  const column = (index: number) => rows().map((cells) => cells[index]);
  const press = (key: string, target: Element = document.body) => {
    const { KeyboardEvent } = document.defaultView as unknown as {
      KeyboardEvent: typeof globalThis.KeyboardEvent;
    };
    target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  };
  const find = async (text: string) => {
    const { Event } = document.defaultView as unknown as { Event: typeof globalThis.Event };
    const filter = document.querySelector<HTMLInputElement>('[data-filter]') as HTMLInputElement;
    filter.value = text;
    filter.dispatchEvent(new Event('input', { bubbles: true }));
    await expect
      .poll(() => document.querySelector('#flow-count')?.textContent)
      .toMatch(text === '' ? /^100,000 flows$/ : /of/);
  };

  it('shows a page of them, those of findings first', () => {
    expect(rows()).toHaveLength(25);
    expect(column(7)[0]).toBe('1');
    expect(document.querySelector('[data-place]')?.textContent).toBe('page 1 of 4000');
    document.querySelector<HTMLButtonElement>('[data-on]')?.click();
    expect(document.querySelector('[data-place]')?.textContent).toBe('page 2 of 4000');
    document.querySelector<HTMLButtonElement>('[data-back]')?.click();
    expect(column(7)[0]).toBe('1');
  });

  it('is sorted by a column, up and down, and says so', () => {
    const head = document.querySelectorAll('#flow-table th')[4] as Element;
    const button = head.querySelector('button') as HTMLButtonElement;
    button.click();
    expect(head.getAttribute('aria-sort')).toBe('ascending');
    expect(new Set(column(4))).toEqual(new Set(['0']));
    button.click();
    expect(head.getAttribute('aria-sort')).toBe('descending');
    expect(new Set(column(4))).toEqual(new Set(['1008']));
  });

  it('is filtered by words and outcome, from the keyboard', async () => {
    press('/');
    expect(document.activeElement?.matches('[data-filter]')).toBe(true);
    await find('UDP 10.0.7.');
    expect(document.querySelector('#flow-count')?.textContent).toBe('128 of 100,000 flows');
    expect(column(2).every((client) => client?.startsWith('10.0.7.'))).toBe(true);
    press('Escape', document.activeElement as Element);
    await find('');
    const outcome = document.querySelector<HTMLSelectElement>('[data-outcome]') as HTMLSelectElement;
    const { Event } = document.defaultView as unknown as { Event: typeof globalThis.Event };
    outcome.value = 'no answer (counted)';
    outcome.dispatchEvent(new Event('change'));
    expect(new Set(column(0))).toEqual(new Set(['no answer (counted)']));
  });
});

describe('packets drawn', () => {
  it('pass the points in order, rewritten where NAT did it, and end where they were last seen', async () => {
    const { stdout } = await run([
      'analyze',
      'captures/published-port-no-way-back/bundle',
      '--format',
      'html',
    ]);
    const document = opened(stdout);
    const drawing = document.querySelector('.sequence svg') as Element;
    const heads = textsOf(drawing.querySelectorAll('.column > text:not(.note)'));
    expect(heads.slice(1, -1)).toEqual(['enp1s0', 'vbr', 'eth0']);
    const notes = textsOf(drawing.querySelectorAll('.column.point > .note'));
    expect(notes).toEqual(['host', 'host', 'vault']);
    const [first] = drawing.querySelectorAll('.packet');
    expect(first?.querySelector('.what')?.lastChild?.textContent).toBe('SYN');
    expect(first?.querySelectorAll('.sighting')).toHaveLength(3);
    expect(first?.querySelectorAll('.arrow.seen')).toHaveLength(3);
    expect(textsOf(first?.querySelectorAll('.rewrite title') ?? [])).toEqual([
      '198.51.100.200:55172 > 10.88.3.4:8200',
    ]);
    expect(first?.querySelectorAll('.missing')).toHaveLength(0);
    // Into the namespace by the bridge's port, and from its device to where the answer died.
    expect(textsOf(document.querySelectorAll('.topology .pass.there title'))).toContain(
      'host:vport1 — vault:eth0',
    );
  });

  it.each([
    [
      'an error that several points saw is one',
      'healthy-traceroute',
      '.refusal',
      ['ICMP TTL time exceeded from 10.86.1.1', 2],
    ],
    ['what a tunnel carries is seen inside it', 'overlay-blocked-between-nodes', '.packet', ['SYN', 2]],
  ] as const)('%s', async (_, incident, selector, expected) => {
    const { stdout } = await run(['analyze', `captures/${incident}/bundle`, '--format', 'html']);
    const drawn = [...opened(stdout).querySelectorAll(selector)].map((packet) => [
      packet.querySelector('.what')?.firstChild?.textContent,
      packet.querySelectorAll('.sighting').length,
    ]);
    expect(drawn).toContainEqual(expected);
  });

  it.each([
    ['where it arrived and nobody listens', 'service-on-loopback-only'],
    ['where it left by another device than the model’s', 'every-other-address-is-dead'],
  ])('are not missing %s', async (_, incident) => {
    const { stdout } = await run(['analyze', `captures/${incident}/bundle`, '--format', 'html']);
    const document = opened(stdout);
    expect(document.querySelectorAll('.packet.forward .arrow.assumed').length).toBeGreaterThan(0);
    expect(document.querySelectorAll('.packet.forward .missing')).toHaveLength(0);
  });

  it('are missing where the next point should have seen them', async () => {
    const { stdout } = await run([
      'analyze',
      'captures/docker-forward-drop-other-bridge/bundle',
      '--format',
      'html',
    ]);
    const packets = opened(stdout).querySelectorAll('.sequence .packet');
    expect(packets.length).toBeGreaterThan(0);
    for (const packet of packets) expect(packet.querySelectorAll('.missing')).toHaveLength(1);
  });
});
