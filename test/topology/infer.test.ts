import { describe, expect, it } from 'vitest';
import type { CaptureInput } from '../../src/input/input.ts';
import { formatIp, parseIp } from '../../src/net/ip.ts';
import { formatMac, parseMac } from '../../src/net/mac.ts';
import { formatPrefix } from '../../src/net/prefix.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { createObserver } from '../../src/topology/observe.ts';
import type { PointObservation, Topology } from '../../src/topology/topology.ts';
import { hopsOf, hopsOfTtl } from '../../src/topology/ttl.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const mac = (text: string): number => parseMac(text.length > 2 ? text : `02:00:00:00:00:${text}`) ?? 0;

function frame(source: string, destination: string, more: Partial<Packet>): Packet {
  return {
    number: 1,
    seconds: 0,
    nanoseconds: 0,
    length: 60,
    captured: 60,
    linkType: 1,
    ether: { source: mac(source), destination: mac(destination), type: 0x800 },
    vlans: [],
    inner: [],
    ...more,
  };
}

/** `aa>bb 10.0.0.1>10.0.0.2 ttl 64` and `aa claims 10.0.0.1`, MACs by their last byte. */
function packet(text: string): Packet {
  const claim = /^(\S+) claims (\S+)$/.exec(text);
  if (claim) {
    const [, from = '', ip = ''] = claim;
    const arp = {
      operation: 2,
      senderMac: mac(from),
      senderIp: Number(parseIp(ip)),
      targetMac: 0,
      targetIp: 0,
    };
    return frame(from, BROADCAST, { arp });
  }
  const [, from = '', to = '', source = '', destination = '', ttl = '64'] =
    /^(\S+)>(\S+) (\S+)>(\S+)(?: ttl (\d+))?$/.exec(text) ?? [];
  const [a, b] = [parseIp(source), parseIp(destination)];
  if (a === undefined || b === undefined) throw new Error(text);
  const ip = {
    family: typeof a === 'number' ? (4 as const) : (6 as const),
    source: a,
    destination: b,
    protocol: 17,
    ttl: Number(ttl),
    tos: 0,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    length: 28,
    offset: 14,
    transport: 34,
    payload: 0,
  };
  return frame(from, to, { ip });
}

function observe(input: number, lines: readonly string[]): PointObservation[] {
  const observer = createObserver(input);
  for (const line of lines) observer.add(packet(line));
  return observer.observations();
}

function topologyOf(captures: Readonly<Record<string, readonly string[]>>): Topology {
  const inputs = Object.keys(captures).map(
    (place): CaptureInput => ({
      path: `${place}.pcap`,
      namespace: place.split(':')[0] ?? '',
      interface: place.split(':')[1] ?? '',
      by: 'argument',
      open: () => ({ read: () => undefined, close: () => {} }),
    }),
  );
  const observations = Object.values(captures).flatMap((lines, index) => observe(index, lines));
  const snapshot = { namespaces: new Map(), docker: { containers: [], networks: [] } };
  return buildTopology(snapshot, inputs, observations);
}

function selves(topology: Topology): string[] {
  return (topology.inferences ?? []).map(
    ({ point, self }) =>
      `${point.namespace}:${point.interface} ${self === undefined ? '?' : formatMac(self).slice(-2)}`,
  );
}

function links(topology: Topology, namespace = 'host'): string[] {
  return (topology.namespaces.get(namespace)?.links ?? []).map(
    (link) => `${link.name} ${link.addresses.map((a) => `${formatIp(a.address)}/${a.length}`).join(' ')}`,
  );
}

const INSIDE = [
  'c1 claims 10.5.0.7',
  'b0 claims 10.5.0.1',
  'c1>b0 10.5.0.7>9.9.9.9',
  'b0>c1 9.9.9.9>10.5.0.7 ttl 55',
];
const OUTSIDE = ['e0 claims 172.20.3.5', 'f0 claims 172.20.0.1'];

describe('what two captures of a router show', () => {
  it('with masquerading: its interfaces, their addresses and networks', () => {
    const topology = topologyOf({
      'host:br7': INSIDE,
      'host:wan0': [...OUTSIDE, 'e0>f0 172.20.3.5>9.9.9.9 ttl 63', 'f0>e0 9.9.9.9>172.20.3.5 ttl 56'],
    });
    expect(selves(topology)).toEqual(['host:br7 b0', 'host:wan0 e0']);
    expect(links(topology)).toEqual(['br7 10.5.0.1/24', 'wan0 172.20.3.5/22']);
    expect(topology.inferences?.map((place) => place.subnets.map(formatPrefix))).toEqual([
      ['10.5.0.0/24'],
      ['172.20.0.0/22'],
    ]);
    const [, outside] = topology.inferences ?? [];
    expect(outside?.stations.find((station) => station.mac === outside.self)).toMatchObject({
      router: true,
      rewrites: true,
    });
    expect(topology.namespaces.get('host')).toMatchObject({ inferred: true, addressesUnknown: true });
  });

  it('without: the TTL falls by one', () => {
    const topology = topologyOf({
      'host:br7': INSIDE,
      'host:wan0': [...OUTSIDE, 'e0>f0 10.5.0.7>9.9.9.9 ttl 63'],
    });
    expect(selves(topology)).toEqual(['host:br7 b0', 'host:wan0 e0']);
    const stations = topology.inferences?.[1]?.stations ?? [];
    expect(stations.find((station) => station.mac === mac('e0'))).toMatchObject({
      rewrites: false,
      forwards: [{ address: parseIp('10.5.0.7'), hops: 1 }],
    });
  });

  it('when nothing gets through: who the router inside is, but not which interface is which', () => {
    const topology = topologyOf({ 'host:br7': INSIDE.slice(0, 3), 'host:wan0': OUTSIDE });
    expect(selves(topology)).toEqual(['host:br7 ?', 'host:wan0 ?']);
    expect(topology.inferences?.[0]?.gateway?.mac).toBe(mac('b0'));
    expect(links(topology)).toEqual(['br7 ', 'wan0 ']);
  });

  it('a station that has part in everything need not be the capturing one: on a bridge it may be any port', () => {
    const topology = topologyOf({
      'host:br7': [
        'a1>e0 10.1.0.1>10.1.0.9',
        'e0>a1 10.1.0.9>10.1.0.1',
        'a2>e0 10.1.0.2>10.1.0.9',
        'e0>a2 10.1.0.9>10.1.0.2',
      ],
    });
    expect(selves(topology)).toEqual(['host:br7 ?']);
    expect(links(topology)).toEqual(['br7 ']);
  });

  it('a bridge and its port: the address is the bridge’s', () => {
    const through = ['e0>f0 172.20.3.5>9.9.9.9 ttl 63', 'f0>e0 9.9.9.9>172.20.3.5 ttl 56'];
    const topology = topologyOf({
      'host:veth3': INSIDE,
      'host:br7': [...INSIDE, 'c2 claims 10.5.0.8', 'c2>b0 10.5.0.8>9.9.9.9'],
      'host:wan0': [...OUTSIDE, ...through],
    });
    expect(links(topology)).toEqual(['veth3 ', 'br7 10.5.0.1/24', 'wan0 172.20.3.5/22']);
  });
});

describe('stations', () => {
  const stationsOf = (...lines: string[]): string[] =>
    (topologyOf({ 'host:x': lines }).inferences?.[0]?.stations ?? []).map((station) =>
      [
        formatMac(station.mac).slice(-2),
        station.own.map(formatIp).join('+'),
        station.router ? 'router' : '',
        station.forwards.map(({ address, hops }) => `${formatIp(address)}/${hops}`).join('+'),
      ]
        .filter((part) => part !== '')
        .join(' '),
    );

  it.each<[string, string[], string[]]>([
    ['a source with a fresh TTL is the station’s own', ['a1>a2 10.0.0.1>10.0.0.2'], ['a1 10.0.0.1']],
    [
      'Windows and network gear',
      ['a1>a2 10.0.0.1>10.0.0.2 ttl 128', 'a2>a1 10.0.0.2>10.0.0.1 ttl 255'],
      ['a1 10.0.0.1', 'a2 10.0.0.2'],
    ],
    ['a fallen TTL came through a router', ['a1>a2 10.9.0.1>10.0.0.2 ttl 61'], ['a1 router 10.9.0.1/3']],
    [
      'the least fallen of several counts',
      ['a1>a2 10.9.0.1>10.0.0.2 ttl 61', 'a1>a2 10.9.0.1>10.0.0.2 ttl 62'],
      ['a1 router 10.9.0.1/2'],
    ],
    [
      'traceroute says nothing',
      ['a1>a2 10.0.0.1>10.0.0.2 ttl 1', 'a1>a2 10.0.0.1>10.0.0.2 ttl 2'],
      ['a1 10.0.0.1'],
    ],
    [
      'what another claims is passed on',
      ['a2 claims 10.0.0.9', 'a1>a3 10.0.0.9>10.0.0.3'],
      ['a2 10.0.0.9', 'a1 router 10.0.0.9/0'],
    ],
    [
      'sent to for an address that is not its own',
      ['a2 claims 10.0.0.9', 'a1>a2 10.0.0.1>8.8.8.8'],
      ['a2 10.0.0.9 router', 'a1 10.0.0.1'],
    ],
    [
      'no address, broadcast and multicast are nobody’s',
      ['a1>a2 0.0.0.0>10.0.0.2', 'a1>a2 224.0.0.5>10.0.0.2', 'a1>a2 ::>ff02::1'],
      ['a1'],
    ],
    ['a silent one is not judged', ['a1>a2 10.0.0.1>10.0.0.2', 'a1>a2 10.0.0.1>8.8.8.8'], ['a1 10.0.0.1']],
  ])('%s', (_, lines, expected) => {
    expect(stationsOf(...lines)).toEqual(expected);
  });

  it('networks hold what lies close together, and nothing smaller than a /24', () => {
    const subnets = (...ips: string[]): string[] =>
      (topologyOf({ 'host:x': ips.map((ip, i) => `a${i} claims ${ip}`) }).inferences?.[0]?.subnets ?? []).map(
        formatPrefix,
      );
    expect(subnets('10.0.0.1', '10.0.0.2')).toEqual(['10.0.0.0/24']);
    expect(subnets('172.31.13.55', '172.31.0.1')).toEqual(['172.31.0.0/20']);
    expect(subnets('10.0.0.1', '10.77.0.1')).toEqual([]);
    expect(subnets('198.51.100.1', '198.51.100.200', '203.0.113.1')).toEqual(['198.51.100.0/24']);
    expect(subnets('10.0.0.1')).toEqual([]);
  });

  it('are kept in bounded number', () => {
    const observer = createObserver(0);
    for (let i = 0; i < 6000; i++) {
      const source = (0x020000000000 + i).toString(16).padStart(12, '0').match(/../g)?.join(':') ?? '';
      observer.add(packet(`${source}>ee 10.${(i >> 8) & 255}.${i & 255}.1>10.0.0.1`));
    }
    const [observation] = observer.observations();
    expect(observation?.packets).toBe(6000);
    expect(observation?.stations.length).toBeLessThanOrEqual(4096);
    const wide = createObserver(0);
    for (let i = 0; i < 2000; i++) wide.add(packet(`a1>a2 10.${i >> 8}.${i & 255}.1>10.0.0.1`));
    const station = wide.observations()[0]?.stations.find((one) => one.mac === mac('a1'));
    expect(station).toMatchObject({ sent: 2000, cut: true });
    expect(station?.sources.length).toBeLessThanOrEqual(512);
  });
});

it('TTLs', () => {
  expect([64, 63, 60, 128, 127, 255, 250, 32, 1].map(hopsOfTtl)).toEqual([0, 1, 4, 0, 1, 0, 5, 0, 31]);
  expect(
    hopsOf(
      new Map([
        [63, 5],
        [61, 2],
      ]),
    ),
  ).toBe(1);
  expect(hopsOf(new Map([[1, 3]]))).toBe(0);
});
