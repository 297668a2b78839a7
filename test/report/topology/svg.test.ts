/** Drawings of topologies, large ones too: valid, nothing over anything else, the same each time. */
import { describe, expect, it } from 'vitest';
import type { AnalysisTopology } from '../../../src/report/analysis.ts';
import { drawTopology } from '../../../src/report/topology/draw.ts';
import type { DrawingOptions } from '../../../src/report/topology/drawing.ts';
import { layOut } from '../../../src/report/topology/layout.ts';
import { TOPOLOGY_STYLE } from '../../../src/report/topology/style.ts';
import { renderSvg, svgDocument } from '../../../src/report/topology/svg.ts';
import { containersOn } from './large.ts';
import { faults, readPicture } from './pictures.ts';

const draw = (topology: AnalysisTopology, options?: DrawingOptions) =>
  svgDocument(drawTopology(topology, options));

describe('many containers', () => {
  it('are all named where 60 are on 8 bridges, and nothing overlaps', async () => {
    const topology = containersOn(8, 60);
    const svg = await draw(topology);
    const picture = readPicture(svg);
    expect(faults(picture)).toEqual([]);
    const shown = new Set(picture.texts.map(({ what }) => what));
    for (const { name } of topology.namespaces) expect(shown).toContain(name);
    expect(await draw(topology)).toBe(svg);
  });

  it.each([
    ['alike', false],
    ['with devices of names of their own', true],
  ])('are folded where there are 1,000, %s, and that is said', async (_, distinct) => {
    const topology = containersOn(8, 1000, distinct);
    const svg = await draw(topology, {
      paths: [
        {
          places: [
            { namespace: 'web-12', device: distinct ? 'e12n0' : 'eth0' },
            { namespace: 'host', device: 'veth12n0' },
            { namespace: 'host', device: 'br-4' },
            { namespace: 'host', device: 'eth0' },
          ],
          leaves: true,
        },
      ],
    });
    expect(svg.length).toBeLessThan(250_000);
    const picture = readPicture(svg);
    expect(faults(picture)).toEqual([]);
    const shown = picture.texts.map(({ what }) => what);
    expect(shown).toContain('web-12');
    expect(shown.some((text) => /^\d+ namespaces that are alike are drawn as \d+; /.test(text))).toBe(true);
    const stand = shown
      .map((text) => /^(\d+) namespaces (?:alike|on )/.exec(text)?.[1])
      .filter((count) => count);
    const alone = shown.filter((text) => /^web-\d+$/.test(text)).length;
    expect(stand.reduce((sum, count) => sum + Number(count), alone)).toBe(1000);
  });

  it('of a host with thousands of devices', async () => {
    const links = Array.from({ length: 3000 }, (_, index) => ({
      ...{ name: `eth0.${index}`, kind: 'vlan', id: `${index}`, up: true },
      addresses: [`10.${index >> 8}.${index & 255}.1/24`],
      lower: { namespace: 'host', interface: 'eth0' },
    }));
    const host = {
      name: 'host',
      inferred: false,
      routes: [],
      links: [{ name: 'eth0', up: true, addresses: [] }, ...links],
    };
    const picture = readPicture(await draw({ namespaces: [host], captures: [], missing: [] }));
    expect(faults(picture)).toEqual([]);
    expect(picture.texts.map(({ what }) => what)).toContain('3000 devices');
  });
});

describe('a drawing', () => {
  const topology = containersOn(2, 5);
  const death = { namespace: 'host', hook: 'FORWARD', label: 'policy DROP' };
  const places = [
    { namespace: 'web-0', device: 'eth0' },
    { namespace: 'host', device: 'veth0n0' },
    { namespace: 'host', device: 'br-0' },
  ];

  it('needs no style attribute, no script, and nothing from outside', async () => {
    const svg = await draw(topology, { marks: [death], paths: [{ places }] });
    const { names, styles } = readPicture(svg);
    expect(styles).toEqual([TOPOLOGY_STYLE]);
    expect(
      [...names].filter((name) => /^(style|script|href|on.*|xlink.*|image|use|foreignObject)$/.test(name)),
    ).toEqual(['style']);
    expect(svg).not.toMatch(/<\w+[^>]* style=|url\(|@import/);
    expect(TOPOLOGY_STYLE).not.toMatch(/[<&]|url\(/);
  });

  it('says what it shows to who cannot see it', async () => {
    const svg = await draw(topology, { title: 'Incident 7', marks: [death] });
    expect(svg).toMatch(/role="img" aria-labelledby="nettrace-topology-title nettrace-topology-desc"/);
    expect(svg).toContain('<title id="nettrace-topology-title">Incident 7</title>');
    expect(svg).toContain('Marked at host FORWARD: policy DROP.');
    expect(readPicture(svg).titles).toContain('host:veth0n0 — web-0:eth0');
  });

  it('goes into a page without declaration, with the ids and without the style that the page wants', async () => {
    const layout = await layOut(drawTopology(topology));
    const svg = renderSvg(layout, { style: false, id: 'flow-3' });
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(svg).toContain('aria-labelledby="flow-3-title flow-3-desc"');
    expect(svg).not.toContain('<style>');
  });

  it('leads the path to the place of death, and the one that goes on out of the picture', async () => {
    const passes = (options: DrawingOptions) =>
      drawTopology(topology, options).links.filter((link) => link.passes.length > 0);
    expect(
      passes({ marks: [death], paths: [{ places }] }).map(({ kind, passes: [pass] }) => [
        kind,
        pass?.forward,
      ]),
    ).toEqual([
      ['veth', false],
      ['inside', false],
    ]);
    const out = [...places, { namespace: 'host', device: 'eth0' }];
    expect(
      passes({ paths: [{ places: out, leaves: true }] })
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(['beyond', 'inside', 'veth']);
  });

  it('leaves out marks and paths at places that are not there', async () => {
    const places = [{ namespace: 'nowhere', device: 'x' }];
    const nowhere = {
      marks: [{ namespace: 'nowhere', label: 'x' }],
      paths: [{ places, enters: true, leaves: true }],
    };
    expect(drawTopology(topology, nowhere).links).toEqual(drawTopology(topology).links);
  });

  it('names a capture by its file, and by its path where a namespace has two of that name', async () => {
    const at = (path: string, device: string) =>
      ({ path, namespace: 'host', interface: device, by: 'bundle' }) as const;
    const captures = [at('a/eth0.pcap', 'eth0'), at('b/eth0.pcap', 'eth0'), at('a/br-0.pcap', 'br-0')];
    const { texts } = readPicture(await draw({ ...topology, captures }));
    const files = texts.map(({ what }) => what).filter((text) => text.endsWith('.pcap'));
    expect(files.toSorted()).toEqual(['a/eth0.pcap', 'b/eth0.pcap', 'br-0.pcap']);
  });

  it('of nothing at all is a picture', async () => {
    expect(faults(readPicture(await draw({ namespaces: [], captures: [], missing: [] })))).toEqual([]);
  });
});
