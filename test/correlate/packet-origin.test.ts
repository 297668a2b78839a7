import { describe, expect, it } from 'vitest';
import { packetOrigin } from '../../src/correlate/packet-origin.ts';
import type { Link } from '../../src/dump/records.ts';
import { parseIp } from '../../src/net/ip.ts';
import { parseMac } from '../../src/net/mac.ts';
import type { Netns, Snapshot } from '../../src/snapshot/snapshot.ts';
import { makeTopology } from '../../src/topology/build.ts';

const span = { path: 'addr', line: 1 };
const ip = (text: string) => parseIp(text) ?? 0;

function link(name: string, mac: string, address?: string, master?: string): Link {
  const [text = '', length = '24'] = (address ?? '').split('/');
  const own = { scope: 'global', secondary: false, flags: [], span };
  return {
    name,
    mac: parseMac(mac) ?? 0,
    flags: ['UP'],
    addresses: address === undefined ? [] : [{ address: ip(text), length: Number(length), ...own }],
    ...(master !== undefined && { master }),
    span,
  };
}

const host: Netns = {
  name: 'host',
  inferred: false,
  links: [
    link('eth0', '02:00:00:00:00:01', '192.0.2.10/24'),
    link('br0', '02:00:00:00:00:02', '10.9.0.1/24'),
    link('vant', '02:00:00:00:00:03', undefined, 'br0'),
    link('vbee', '02:00:00:00:00:04', undefined, 'br0'),
  ],
  fdb: [
    {
      mac: parseMac('02:00:00:00:00:99') ?? 0,
      dev: 'vant',
      master: 'br0',
      permanent: false,
      self: false,
      span,
    },
  ],
};
const ant: Netns = {
  name: 'ant',
  inferred: false,
  links: [link('eth0', '02:00:00:00:00:20', '10.9.0.20/24')],
};
const namespaces = new Map([host, ant].map((netns) => [netns.name, netns]));
const snapshot: Snapshot = { namespaces, docker: { containers: [], networks: [] } };
const topology = makeTopology(namespaces, []);

const rows: [
  string,
  { at: string; source: string; mac?: string; crossing?: 'in' | 'out'; to?: string },
  object,
][] = [
  ['its owner sends it', { at: 'host:br0', source: '10.9.0.20' }, { kind: 'local', namespace: 'ant' }],
  [
    'the namespace it was seen in owns it',
    { at: 'host:eth0', source: '192.0.2.10' },
    { kind: 'local', namespace: 'host' },
  ],
  [
    'multicast goes out where its sender lives',
    { at: 'host:br0', source: '10.9.0.1', to: '224.0.0.22' },
    { kind: 'local', namespace: 'host', out: 'br0' },
  ],
  ['loopback', { at: 'ant:lo', source: '127.0.0.1' }, { kind: 'local', namespace: 'ant' }],
  [
    'nobody owns it: from the wire',
    { at: 'host:eth0', source: '203.0.113.9', mac: '02:00:00:00:00:77' },
    { kind: 'wire', link: { namespace: 'host', name: 'eth0' } },
  ],
  [
    'on its way out by a port, by the one that its MAC was learned on',
    { at: 'host:vbee', source: '10.9.0.77', mac: '02:00:00:00:00:99' },
    { kind: 'wire', link: { namespace: 'host', name: 'vant' } },
  ],
  [
    'in by the very port that its MAC was learned on',
    { at: 'host:vant', source: '10.9.0.77', mac: '02:00:00:00:00:99' },
    { kind: 'wire', link: { namespace: 'host', name: 'vant' } },
  ],
  [
    'on a bridge, by the port that its MAC was learned on',
    { at: 'host:br0', source: '10.9.0.77', mac: '02:00:00:00:00:99' },
    { kind: 'wire', link: { namespace: 'host', name: 'vant' } },
  ],
  [
    'on a bridge, from a MAC that nobody learned',
    { at: 'host:br0', source: '10.9.0.78', mac: '02:00:00:00:00:98' },
    { kind: 'wire', link: { namespace: 'host', name: 'br0' } },
  ],
  [
    'seen leaving with the interface’s own MAC: it came in on its subnet’s side',
    { at: 'host:eth0', source: '10.9.0.77', mac: '02:00:00:00:00:01' },
    { kind: 'wire', link: { namespace: 'host', name: 'br0' } },
  ],
  [
    'seen leaving, as the capture says, from an address nobody knows',
    { at: 'host:eth0', source: '203.0.113.9', crossing: 'out' },
    { kind: 'local', namespace: 'host' },
  ],
];

describe('packetOrigin', () => {
  it.each(rows)('%s', (_name, { at, source, mac, crossing, to }, expected) => {
    const [namespace = '', name = ''] = at.split(':');
    const seen = {
      link: { namespace, name },
      source: ip(source),
      destination: ip(to ?? '198.51.100.1'),
      ...(mac !== undefined && { etherSource: parseMac(mac) }),
      ...(crossing && { crossing }),
    };
    expect(packetOrigin(snapshot, topology, seen)).toEqual(expected);
  });
});
