/** The drawing of the namespaces, with what passes and where it dies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/finding.ts';
import type { Trouble } from '../../src/live/troubles.ts';
import type { Analysis, AnalysisFlow, AnalysisTopology } from '../../src/report/analysis.ts';
import { topologyPane } from '../../src/tui/panes/topology.ts';
import { BEGIN, expectFitting, linesOf, point, room, screenData } from './screen-data.ts';

const TOPOLOGY: AnalysisTopology = {
  namespaces: [
    {
      name: 'host',
      inferred: false,
      links: [
        { name: 'lo', up: true, addresses: ['127.0.0.1/8'] },
        { name: 'eth0', up: true, addresses: ['192.0.2.10/24'] },
        { name: 'br0', kind: 'bridge', up: true, addresses: ['10.0.0.1/24'] },
        {
          name: 'vethweb',
          kind: 'veth',
          up: true,
          master: 'br0',
          addresses: [],
          peer: { namespace: 'web', interface: 'eth0' },
        },
      ],
      routes: ['default via 192.0.2.1 dev eth0'],
    },
    {
      name: 'web',
      inferred: false,
      links: [
        {
          name: 'eth0',
          kind: 'veth',
          up: true,
          addresses: ['10.0.0.2/24'],
          peer: { namespace: 'host', interface: 'vethweb' },
        },
      ],
      routes: [],
    },
  ],
  captures: [{ path: 'live/captures/host/br0.pcap', namespace: 'host', interface: 'br0', by: 'bundle' }],
  missing: [],
};

function trouble(id: number, finding: Partial<Finding>, flows: number, ended?: number): Trouble {
  return {
    id,
    finding: { severity: 'error', ...finding } as Finding,
    flows: Array.from({ length: flows }, () => ({}) as AnalysisFlow),
    began: BEGIN,
    last: BEGIN,
    ...(ended !== undefined && { ended }),
  };
}

const DATA = screenData({
  analysis: { topology: TOPOLOGY } as Analysis,
  points: [
    point('host:br0', { packetRate: 1234.5, byteRate: 1_250_000, dropped: 3 }),
    point('host:eth0', { packetRate: 0, byteRate: 0, ended: 'the device went away' }),
  ],
  links: new Map([
    ['host:eth0', { packets: 0.4, bytes: 24, lost: 0, span: 3 }],
    ['host:vethweb', { packets: 1200, bytes: 1.5e8, lost: 7, span: 3 }],
  ]),
  troubles: [
    trouble(1, { title: 'the policy of FORWARD drops it', namespace: 'host', interface: 'br0' }, 3),
    trouble(2, { title: 'forwarding is off', namespace: 'host', severity: 'warning' }, 1),
    trouble(3, { title: 'nothing listens there', namespace: 'web', interface: 'lo' }, 0),
    trouble(4, { title: 'it is over', namespace: 'host', interface: 'eth0' }, 2, BEGIN + 1),
    trouble(5, { title: 'somewhere beyond', namespace: 'cloud' }, 1),
  ],
});

const LINES = [
  '✗ 1 flow: somewhere beyond',
  'host  root namespace',
  '│ ! 1 flow: forwarding is off',
  '├─ eth0                up     0.4 pkt/s  192 bit/s  192.0.2.10/24',
  '│   ! nothing is captured here any more: the device went away',
  '├─ br0         bridge  up  ◉ 1.2k pkt/s  10 Mbit/s  10.0.0.1/24',
  '│  │ ✗ 3 flows: the policy of FORWARD drops it',
  '│  │ ! 3 passed the capture by: the kernel had no room for them',
  '│  └─ vethweb  veth    up    1.2k pkt/s 1.2 Gbit/s  ⇄ web:eth0',
  '│      ! 7 lost in the device of late',
  '└─ routes',
  '   default via 192.0.2.1 dev eth0',
  '',
  'web',
  '│ ✗ nothing listens there',
  '└─ eth0  veth  up                           10.0.0.2/24  ⇄ host:vethweb',
];

describe('the topology on the screen', () => {
  it('draws links with what passes them, and where flows die, at 80 columns', () => {
    const pane = topologyPane(DATA, room(80));
    expect(pane.title).toBe('2 namespaces · 2 points of capture (◉)');
    expect(linesOf(pane)).toEqual(LINES);
  });

  it('draws the same at 200 columns', () => {
    expect(linesOf(topologyPane(DATA, room(200)))).toEqual(LINES);
  });

  it('keeps the columns of rates where they are, whatever the rates', () => {
    const at = (packetRate: number) => {
      const points = [point('host:br0', { packetRate, byteRate: packetRate * 100 })];
      return linesOf(topologyPane({ ...DATA, points, troubles: [] }, room(80)));
    };
    const [slow, fast] = [at(0), at(123_456_789)].map((lines) =>
      lines.find((line) => line.includes('br0')),
    ) as [string, string];
    expect(slow.indexOf('10.0.0.1/24')).toBe(fast.indexOf('10.0.0.1/24'));
  });

  it('has a key for every row, links by their names', () => {
    const pane = topologyPane(DATA, room(80));
    const keys = Array.from({ length: pane.rows }, (_, index) => pane.keyOf?.(index));
    expect(new Set(keys).size).toBe(pane.rows);
    for (const [index, line] of linesOf(pane).entries()) {
      const [, name] = /^[│ ]*[├└]─ (\S+) +(?:\w+ +)?up /.exec(line) ?? [];
      if (name !== undefined) expect(keys[index]).toMatch(new RegExp(`^(host|web):${name}$`));
    }
  });

  it('says that nothing is known yet', () => {
    expect(topologyPane(screenData(), room(80)).empty).toBe('The host has not been analysed yet.');
  });

  it('stays in its columns and drives no terminal, whatever things are called', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.constantFrom('e\x1b[2Jvil\n', 'r\u202eight', '宽宽宽宽宽宽宽宽'),
    );
    fc.assert(
      fc.property(name, name, name, fc.integer({ min: 2, max: 220 }), fc.constantFrom(0, 256), (...given) => {
        const [space, device, title, width, colors] = given;
        const links = [
          {
            name: device,
            kind: title,
            up: false,
            addresses: [title],
            peer: { namespace: space, interface: device },
          },
          { name: `${device}1`, master: device, addresses: [] },
        ];
        const data = screenData({
          analysis: {
            topology: { ...TOPOLOGY, namespaces: [{ name: space, inferred: false, links, routes: [title] }] },
          } as unknown as Analysis,
          points: [point(`${space.replaceAll(':', '')}:${device.replaceAll(':', '')}`, { ended: title })],
          troubles: [
            trouble(1, { title, namespace: space, interface: device }, 1),
            trouble(2, { title, namespace: space }, 1),
            trouble(3, { title }, 1),
          ],
        });
        expectFitting(topologyPane(data, room(width, colors)), width);
      }),
    );
  });
});
