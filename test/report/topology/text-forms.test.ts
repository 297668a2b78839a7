/** Mermaid by its own parser, DOT by Graphviz itself (as WebAssembly), and all forms with names that try to break out of them. */
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisTopology } from '../../../src/report/analysis.ts';
import { drawDot } from '../../../src/report/topology/dot.ts';
import { drawTopology } from '../../../src/report/topology/draw.ts';
import { drawMermaid } from '../../../src/report/topology/mermaid.ts';
import { svgDocument } from '../../../src/report/topology/svg.ts';
import { loadMermaid } from '../../support/mermaid.ts';
import { containersOn } from './large.ts';
import { faults, readPicture } from './pictures.ts';

let graphviz: Graphviz;
let parseMermaid: (text: string) => Promise<unknown>;

beforeAll(async () => {
  graphviz = await Graphviz.load();
  const mermaid = await loadMermaid();
  parseMermaid = (text) => mermaid.parse(text);
});

const EVIL = [
  `<script>alert(1)</script>`,
  `"]; end\n  click n0 href "javascript:alert(1)"`,
  `'"\`&amp;&#x3c;&lt;]]></style><!--`,
  `%%{init: {"theme": "dark"}}%%`,
  `\\N \\" \\> }} --> {{ [[ ]] (( )) | || ;; #35; #quot;`,
  `\x1b[2J\x1b]0;owned\x07\r\n\u202e\u200b\u2028\x9b2J\x7f\x00\ufffe\uffff\ud800`,
  `end`,
  `subgraph x`,
  `**bold** _it_ \`code\` ![x](http://example.org/x.png) <img src=x onerror=alert(1)> 1. one`,
  `/>{<TR>`,
  `${'宽字符'.repeat(30)}\u{1f433}`,
  'x'.repeat(3000),
  '',
];

function hostile(evil: string): AnalysisTopology {
  const other = `${evil}2`;
  return {
    hosts: [{ name: evil }, { name: other }],
    namespaces: [
      {
        ...{ name: `${evil.replaceAll('/', '')}/host`, container: evil, inferred: false },
        links: [
          { name: evil, kind: 'bridge', up: true, addresses: [evil] },
          {
            ...{ name: 'port', kind: evil, up: false, master: evil, addresses: [`fd00::1/64 ${evil}`] },
            peer: { namespace: other, interface: evil },
          },
          { name: `up${evil}`, mac: evil, id: evil, addresses: [`192.0.2.1/24${evil}`, `192.0.2.1/24`] },
        ],
        routes: [`default via 192.0.2.254 dev up${evil} ${evil}`, `${evil}/24 dev up${evil}`],
      },
      {
        ...{ name: other, inferred: true, routes: [evil] },
        links: [
          {
            name: evil,
            inferred: true,
            addresses: [],
            peer: { namespace: `${evil.replaceAll('/', '')}/host`, interface: 'port' },
          },
        ],
      },
    ],
    segments: [{ members: [{ namespace: other, interface: evil }], by: evil }],
    tunnels: [{ ends: [{ namespace: other, interface: evil }], kind: evil, id: evil }],
    captures: [
      { path: `b/${evil}.pcap`, namespace: other, interface: evil, by: 'inference' },
      { path: `b/x${evil}`, namespace: other, interface: 'any', by: 'bundle' },
      { path: `b/y`, namespace: other, interface: `no${evil}`, by: 'bundle' },
    ],
    missing: [],
  };
}

const drawings = [
  ['60 containers on 8 bridges', drawTopology(containersOn(8, 60), { most: 40 })],
  ['1,000 containers', drawTopology(containersOn(8, 1000), { most: 40 })],
  ['nothing', drawTopology({ namespaces: [], captures: [], missing: [] })],
  ...EVIL.map((evil) => {
    const topology = hostile(evil);
    const { namespaces } = topology;
    const places = namespaces.flatMap(({ name, links }) =>
      links.map((link) => ({ namespace: name, device: link.name })),
    );
    const marks = [
      ...places.map((place) => ({ ...place, label: evil })),
      { namespace: namespaces[0]?.name ?? '', hook: evil, label: evil },
    ];
    return [
      JSON.stringify(evil).slice(0, 60),
      drawTopology(topology, { title: evil, marks, paths: [{ places, enters: true, leaves: true }] }),
    ] as const;
  }),
] as const;

describe.each(drawings)('%s', (_, drawing) => {
  it('is Mermaid', async () => {
    const text = drawMermaid(drawing);
    expect(await parseMermaid(text)).toMatchObject({ diagramType: 'flowchart-v2' });
    expect(text.length).toBeLessThan(50_000);
    expect(text.match(/--|==|-\./g)?.length ?? 0).toBeLessThan(500);
    expect(text).not.toMatch(
      /<(?!br\/>|==>)|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]|%%\{|^\s*click/m,
    );
  });

  it('is DOT', () => {
    const text = drawDot(drawing);
    const svg = graphviz.dot(text);
    expect(svg).toContain('</svg>');
    expect(text).not.toMatch(/<(?:script|img|!--)|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]/);
  });

  it('is SVG, with nothing over anything else', async () => {
    const svg = await svgDocument(drawing);
    const picture = readPicture(svg);
    expect(faults(picture)).toEqual([]);
    expect([...picture.names].filter((name) => /^(script|img|href|on.*)$/.test(name))).toEqual([]);
    expect(svg).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e\ufffe\uffff]/);
  });
});
