import { describe, expect, it } from 'vitest';
import type { CaptureInput } from '../../src/input/input.ts';
import { parseMac } from '../../src/net/mac.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { formatLink } from '../../src/topology/link-ref.ts';
import type { PointObservation, Topology } from '../../src/topology/topology.ts';
import { inputsOf, ipAddr } from '../snapshot/dumps.ts';

type Files = Readonly<Record<string, string>>;

function topologyOf(
  files: Files,
  captures: readonly CaptureInput[] = [],
  observations: readonly PointObservation[] = [],
  options: Parameters<typeof inputsOf>[1] = {},
): Topology {
  return buildTopology(buildSnapshot(inputsOf(files, options)).snapshot, captures, observations);
}

function wires(topology: Topology): string[] {
  const text = (refs: readonly { namespace: string; name: string }[]): string =>
    refs.map(formatLink).sort().join(' - ');
  return [
    ...topology.wires.map((wire) => `${wire.by} ${text(wire.ends)}`),
    ...topology.segments.map((segment) => `${segment.by} segment ${text(segment.members)}`),
  ].sort();
}

describe('veth pairs by interface index', () => {
  it.each<[string, Files, string[]]>([
    [
      'host and namespaces',
      {
        'host/ip-addr.txt': ipAddr(
          'eth0 10.0.0.1/24',
          'va index 7 @if2 netnsid 0',
          'vb index 8 @if2 netnsid 1',
        ),
        'red/ip-addr.txt': ipAddr('eth0 @if7 netnsid 0 10.5.0.2/24'),
        'blue/ip-addr.txt': ipAddr('eth0 @if8 netnsid 0 10.5.0.3/24'),
      },
      ['ifindex blue:eth0 - host:vb', 'ifindex host:va - red:eth0'],
    ],
    [
      'two namespaces straight, no root namespace',
      { 'a/ip-addr.txt': ipAddr('x0 @if4 netnsid 0'), 'b/ip-addr.txt': ipAddr('y0 index 4 @if2 netnsid 0') },
      ['ifindex a:x0 - b:y0'],
    ],
    [
      'both ends in one namespace',
      { 'host/ip-addr.txt': ipAddr('v1 index 4 @v2', 'v2 index 5 @v1') },
      ['ifindex host:v1 - host:v2'],
    ],
    [
      'names of namespaces decide between equal indexes',
      {
        'a/ip-addr.txt': ipAddr('e0 @if2 netns b'),
        'b/ip-addr.txt': ipAddr('e0 @if2 netns a', 'e1 @if2 netns c'),
        'c/ip-addr.txt': ipAddr('e0 @if3 netns b'),
      },
      ['ifindex a:e0 - b:e0', 'ifindex b:e1 - c:e0'],
    ],
    [
      'one end alone',
      {
        'host/ip-addr.txt': ipAddr('va index 7 @if2 netnsid 0'),
        'red/ip-addr.txt': ipAddr('eth0 @if9 netnsid 0'),
      },
      [],
    ],
    ['a VLAN device is no end of a wire', { 'host/ip-addr.txt': ipAddr('eth0', 'eth0.7 @eth0') }, []],
  ])('%s', (_, files, expected) => {
    expect(wires(topologyOf(files))).toEqual(expected);
  });

  // Three namespaces made alike: every index occurs three times.
  const alike = (hostIds: [number, number]): Files => ({
    'host/ip-addr.txt': ipAddr(
      `va index 2 @if2 netnsid ${hostIds[0]} 10.1.0.1/24 mac 02:00:00:00:0a:00`,
      `vc index 3 @if3 netnsid ${hostIds[1]}`,
    ),
    'red/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0 10.1.0.2/24 mac 02:00:00:00:0a:01'),
    'blue/ip-addr.txt': ipAddr(
      'eth0 @if2 netnsid 0 10.2.0.2/24 mac 02:00:00:00:0b:01',
      'eth1 @if3 netnsid 0',
    ),
  });

  it('the id that another pair gave a namespace decides', () => {
    expect(wires(topologyOf(alike([0, 1])))).toEqual([
      'ifindex blue:eth1 - host:vc',
      'ifindex host:va - red:eth0',
    ]);
    expect(wires(topologyOf(alike([1, 1])))).toEqual([
      'ifindex blue:eth0 - host:va',
      'ifindex blue:eth1 - host:vc',
    ]);
  });

  it('the id of the manifest decides', () => {
    const files = {
      'host/ip-addr.txt': ipAddr('va index 2 @if2 netnsid 5'),
      'red/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0'),
      'blue/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0'),
    };
    const manifest = { format: 'nettrace-bundle/1' as const, namespaces: [{ name: 'blue', netnsid: 5 }] };
    expect(wires(topologyOf(files, [], [], { manifest }))).toEqual(['ifindex blue:eth0 - host:va']);
    const ambiguous = topologyOf(files);
    expect(wires(ambiguous)).toEqual([]);
    // host with red, host with blue, red with blue.
    expect(ambiguous.issues?.map((issue) => issue.code)).toEqual(new Array(3).fill('veth-ambiguous'));
  });

  it.each<[string, Files]>([
    ['a neighbour entry', { 'host/ip-neigh.txt': '10.9.0.2 dev va lladdr 02:00:00:00:0b:01 STALE\n' }],
    ['a bridge that learned the MAC', { 'host/bridge-fdb.txt': '02:00:00:00:0b:01 dev va master br0 \n' }],
    ['a common subnet', { 'host/ip-addr.txt': ipAddr('va index 2 @if2 netnsid 5 10.2.0.1/24') }],
  ])('%s decides', (_, more) => {
    const files = {
      'host/ip-addr.txt': ipAddr('va index 2 @if2 netnsid 5 master br0', 'br0 kind bridge'),
      'red/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0 10.1.0.2/24 mac 02:00:00:00:0a:01'),
      'blue/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0 10.2.0.2/24 mac 02:00:00:00:0b:01'),
      ...more,
    };
    expect(wires(topologyOf(files))).toContain('ifindex blue:eth0 - host:va');
  });

  it('an only candidate that ARP contradicts is none', () => {
    const files = {
      'host/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0 172.31.0.5/20'),
      'host/ip-neigh.txt': '172.31.0.1 dev eth0 lladdr 02:99:00:00:00:01 REACHABLE\n',
      'red/ip-addr.txt': ipAddr('eth0 @if2 netnsid 0 10.1.0.2/24 mac 02:00:00:00:0a:01'),
    };
    expect(wires(topologyOf(files))).toEqual([]);
  });
});

describe('devices joined by other evidence', () => {
  it.each<[string, Files, string[]]>([
    [
      'the FDB of a bridge: a port and what is behind it',
      {
        'host/ip-addr.txt': ipAddr('br0 10.5.0.1/24 kind bridge', 'va master br0', 'vb master br0'),
        'host/bridge-fdb.txt':
          '02:00:00:00:0b:01 dev vb master br0 \n02:00:00:00:00:03 dev va master br0 permanent\n',
        'blue/ip-addr.txt': ipAddr('eth0 10.5.0.2/24 mac 02:00:00:00:0b:01'),
      },
      ['mac blue:eth0 - host:vb'],
    ],
    [
      'ARP of a router without indexes',
      {
        'r/ip-addr.txt': ipAddr(
          'eth0 10.1.0.1/24 mac 02:00:00:00:01:01',
          'eth1 10.2.0.1/24 mac 02:00:00:00:01:02',
        ),
        'a/ip-addr.txt': ipAddr('eth0 10.1.0.7/24 mac 02:00:00:00:02:01'),
        'a/ip-neigh.txt': '10.1.0.1 dev eth0 lladdr 02:00:00:00:01:01 STALE\n',
      },
      ['mac a:eth0 - r:eth0'],
    ],
    [
      'one subnet, unknown cable',
      { 'a/ip-addr.txt': ipAddr('eth0 10.1.0.7/24'), 'b/ip-addr.txt': ipAddr('eth5 10.1.0.8/24') },
      ['subnet a:eth0 - b:eth5'],
    ],
    [
      'three on one subnet',
      {
        'a/ip-addr.txt': ipAddr('eth0 10.1.0.7/24'),
        'b/ip-addr.txt': ipAddr('eth0 10.1.0.8/24'),
        'c/ip-addr.txt': ipAddr('eth0 10.1.0.9/24'),
      },
      ['subnet segment a:eth0 - b:eth0 - c:eth0'],
    ],
    [
      'one by ARP, one by subnet: the weaker names it',
      {
        'a/ip-addr.txt': ipAddr('eth0 10.1.0.7/24 mac 02:00:00:00:02:01'),
        'b/ip-addr.txt': ipAddr('eth0 10.1.0.8/24'),
        'b/ip-neigh.txt': '10.1.0.7 dev eth0 lladdr 02:00:00:00:02:01 STALE\n',
        'c/ip-addr.txt': ipAddr('eth0 10.1.0.9/24 mac 02:00:00:00:02:03'),
      },
      ['subnet segment a:eth0 - b:eth0 - c:eth0'],
    ],
    [
      'a bridge whose ports were not dumped',
      {
        'host/ip-addr.txt': ipAddr('br0 10.5.0.1/24 kind bridge'),
        'red/ip-addr.txt': ipAddr('eth0 10.5.0.2/24'),
      },
      ['subnet host:br0 - red:eth0'],
    ],
    [
      'not a bridge whose ports all have their wire',
      {
        'host/ip-addr.txt': ipAddr('br0 10.5.0.1/24 kind bridge', 'va index 7 @if2 netnsid 0 master br0'),
        'red/ip-addr.txt': ipAddr('eth0 @if7 netnsid 0 10.5.0.2/24'),
        'blue/ip-addr.txt': ipAddr('eth0 10.5.0.3/24'),
      },
      ['ifindex host:va - red:eth0'],
    ],
    [
      'not two that have the same address',
      { 'a/ip-addr.txt': ipAddr('eth0 172.17.0.2/16'), 'b/ip-addr.txt': ipAddr('eth0 172.17.0.2/16') },
      [],
    ],
    [
      'not link-local or host addresses, not loopback, not what is down',
      {
        'a/ip-addr.txt': ipAddr(
          'lo 127.0.0.1/8',
          'eth0 fe80::1/64',
          'eth1 down 10.1.0.1/24',
          'eth2 10.3.0.1/32',
        ),
        'b/ip-addr.txt': ipAddr('lo 127.0.0.2/8', 'eth0 fe80::2/64', 'eth1 10.1.0.2/24', 'eth2 10.3.0.1/32'),
      },
      [],
    ],
  ])('%s', (_, files, expected) => {
    expect(wires(topologyOf(files))).toEqual(expected);
  });

  const container = (name: string, last: number): Record<string, unknown> => ({
    Id: name.padEnd(64, '0'),
    Name: `/${name}`,
    State: { Running: true, Pid: 100 + last },
    HostConfig: { NetworkMode: 'bridge' },
    Config: {},
    NetworkSettings: {
      Ports: {},
      Networks: {
        bridge: {
          NetworkID: 'n1',
          IPAddress: `172.17.0.${last}`,
          IPPrefixLen: 16,
          Gateway: '172.17.0.1',
          MacAddress: `02:42:ac:11:00:0${last}`,
        },
      },
    },
  });
  const networks = JSON.stringify([
    {
      Name: 'bridge',
      Id: 'n1',
      Driver: 'bridge',
      Internal: false,
      IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }] },
      Containers: {},
      Options: { 'com.docker.network.bridge.name': 'docker0' },
    },
  ]);
  const host = (...ports: string[]): string =>
    ipAddr('eth0 10.0.0.5/24', 'docker0 172.17.0.1/16 kind bridge', ...ports);

  it('Docker: the only container and the only port', () => {
    const topology = topologyOf({
      'host/ip-addr.txt': host('vethaa @if9 netnsid 0 master docker0'),
      'host/containers.json': JSON.stringify([container('web', 2)]),
      'host/networks.json': networks,
    });
    expect(wires(topology)).toEqual(['docker host:vethaa - web:eth0']);
    expect(topology.namespaces.get('web')?.inferred).toBe(true);
  });

  it('Docker: the FDB tells whose port it is, the rest follows', () => {
    const topology = topologyOf({
      'host/ip-addr.txt': host(
        'vethaa @if9 netnsid 0 master docker0',
        'vethbb @if11 netnsid 1 master docker0',
      ),
      'host/bridge-fdb.txt': '02:42:ac:11:00:03 dev vethaa master docker0 \n',
      'host/containers.json': JSON.stringify([container('web', 2), container('db', 3)]),
      'host/networks.json': networks,
    });
    expect(wires(topology)).toEqual(['docker host:vethbb - web:eth0', 'mac db:eth0 - host:vethaa']);
  });

  it('Docker: which port is whose is not known', () => {
    const topology = topologyOf({
      'host/ip-addr.txt': host(
        'vethaa @if9 netnsid 0 master docker0',
        'vethbb @if11 netnsid 1 master docker0',
      ),
      'host/containers.json': JSON.stringify([container('web', 2), container('db', 3)]),
      'host/networks.json': networks,
    });
    expect(wires(topology)).toEqual(['docker segment db:eth0 - host:docker0 - web:eth0']);
    const peers = topology.peersOf({ namespace: 'host', name: 'docker0' }).map(formatLink);
    expect(peers.sort()).toEqual(['db:eth0', 'web:eth0']);
  });

  it('answers for both ends, and for none', () => {
    const topology = topologyOf({
      'a/ip-addr.txt': ipAddr('x0 @if4 netnsid 0'),
      'b/ip-addr.txt': ipAddr('y0 index 4 @if2 netnsid 0'),
    });
    expect(topology.peerOf({ namespace: 'a', name: 'x0' })).toEqual({ namespace: 'b', name: 'y0' });
    expect(topology.peersOf({ namespace: 'b', name: 'y0' })).toEqual([{ namespace: 'a', name: 'x0' }]);
    expect(topology.peerOf({ namespace: 'a', name: 'x9' })).toBeUndefined();
    expect(topology.peersOf({ namespace: 'a', name: 'x9' })).toEqual([]);
  });
});

describe('where captures were taken', () => {
  const files = {
    'host/ip-addr.txt': ipAddr(
      'lo 127.0.0.1/8',
      'eth0 10.0.0.1/24 mac 02:00:00:00:00:aa',
      'br0 10.5.0.1/24 kind bridge mac 02:00:00:00:00:bb',
    ),
    'red/ip-addr.txt': ipAddr('lo 127.0.0.1/8', 'eth0 10.5.0.2/24 mac 02:00:00:00:00:cc', 'veth-red'),
  };
  const capture = (path: string, place: Partial<CaptureInput> = {}): CaptureInput => ({
    path,
    by: 'assumed',
    open: () => ({ read: () => undefined, close: () => {} }),
    ...place,
  });
  const view = (more: Partial<PointObservation> & { macs?: readonly string[] }): PointObservation => ({
    input: 0,
    linkTypes: [1],
    packets: 10,
    stations: (more.macs ?? []).map((mac) => ({
      mac: parseMac(mac) ?? 0,
      sent: 10,
      received: 0,
      sources: [],
      destinations: [],
      claims: [],
      cut: false,
    })),
    addresses: [],
    ...more,
  });

  it.each<[string, CaptureInput, PointObservation | undefined, string]>([
    [
      'the argument',
      capture('x.pcap', { namespace: 'red', interface: 'eth0', by: 'argument' }),
      undefined,
      'red:eth0 argument',
    ],
    [
      'the argument, whatever the file says',
      capture('br0.pcap', { namespace: 'red', interface: 'eth0', by: 'argument' }),
      view({ interface: 'br0' }),
      'red:eth0 argument',
    ],
    [
      'an argument without interface',
      capture('veth-red.pcap', { namespace: 'red', by: 'argument' }),
      undefined,
      'red:veth-red file-name',
    ],
    ['the name inside a pcapng', capture('x.pcapng'), view({ interface: 'br0' }), 'host:br0 pcapng'],
    [
      'the name inside goes before the file name',
      capture('eth0.pcapng', { interface: 'eth0', by: 'file-name' }),
      view({ interface: 'br0' }),
      'host:br0 pcapng',
    ],
    [
      'the file name',
      capture('br0.pcap', { interface: 'br0', by: 'file-name' }),
      undefined,
      'host:br0 file-name',
    ],
    [
      'an interface that one namespace has',
      capture('veth-red.pcap', { interface: 'veth-red', by: 'file-name' }),
      undefined,
      'red:veth-red file-name',
    ],
    [
      'namespace and interface by file name',
      capture('red.eth0.pcap', { namespace: 'red', interface: 'eth0', by: 'file-name' }),
      undefined,
      'red:eth0 file-name',
    ],
    [
      'looser habits',
      capture('red-eth0.pcap', { interface: 'red-eth0', by: 'file-name' }),
      undefined,
      'red:eth0 file-name',
    ],
    ['a known interface among other words', capture('before_br0_fix.pcap'), undefined, 'host:br0 file-name'],
    [
      'of two, the root namespace',
      capture('eth0.pcap', { interface: 'eth0', by: 'file-name' }),
      undefined,
      'host:eth0 assumed',
    ],
    [
      'of two, the one whose MAC is in it',
      capture('eth0.pcap', { interface: 'eth0', by: 'file-name' }),
      view({ macs: ['02:00:00:00:00:cc'] }),
      'red:eth0 inference',
    ],
    [
      'no name at all: the MAC',
      capture('capture-of-yesterday.pcap'),
      view({ macs: ['02:00:00:00:00:bb'] }),
      'host:br0 inference',
    ],
    [
      'no name, no MAC',
      capture('capture-of-yesterday.pcap'),
      view({ macs: ['02:00:00:00:00:dd'] }),
      'host:capture-of-yesterday assumed',
    ],
    ['any', capture('everything.pcap'), view({ linkTypes: [276] }), 'host:any assumed'],
    [
      'any of a namespace',
      capture('everything.pcap', { namespace: 'red', by: 'argument' }),
      view({ linkTypes: [113] }),
      'red:any argument',
    ],
  ])('%s', (_, input, observation, expected) => {
    const { points } = topologyOf(files, [input], observation ? [observation] : []);
    expect(points.map((point) => `${point.namespace}:${point.interface} ${point.by}`)).toEqual([expected]);
  });

  it('makes a point of each interface that a pcapng names', () => {
    const views = [view({ interface: 'br0' }), view({ interface: 'veth-red' })];
    const { points } = topologyOf(files, [capture('all.pcapng')], views);
    expect(points.map((point) => `${point.input} ${point.namespace}:${point.interface}`)).toEqual([
      '0 host:br0',
      '0 red:veth-red',
    ]);
  });

  it('makes them of a bundle’s file too, but not against an argument', () => {
    const views = [view({ interface: 'br0' }), view({ interface: 'eth0' })];
    const both = capture('captures/host/both.pcapng', { namespace: 'host', interface: 'both', by: 'bundle' });
    const places = (input: CaptureInput): string[] =>
      topologyOf(files, [input], views).points.map((point) => `${point.namespace}:${point.interface}`);
    expect(places(both)).toEqual(['host:br0', 'host:eth0']);
    expect(places(capture('x', { namespace: 'red', interface: 'eth0', by: 'argument' }))).toEqual([
      'red:eth0',
    ]);
  });

  it('warns of a place that no dump has', () => {
    const topology = topologyOf(files, [capture('eth7.pcap', { interface: 'eth7', by: 'file-name' })]);
    expect(topology.issues).toMatchObject([{ code: 'capture-interface-unknown', path: 'eth7.pcap' }]);
    const fine = topologyOf(files, [capture('x', { namespace: 'red', interface: '@local', by: 'argument' })]);
    expect(fine.issues).toEqual([]);
  });

  it('makes a namespace of a placement that nothing else knows', () => {
    const topology = topologyOf({}, [capture('x', { namespace: 'blue', interface: 'eth3', by: 'argument' })]);
    expect(topology.namespaces.get('blue')).toEqual({ name: 'blue', inferred: true });
    expect(topology.issues).toEqual([]);
  });

  it('joins what a capture saw on the wire', () => {
    const topology = topologyOf(
      {
        'a/ip-addr.txt': ipAddr('eth0 10.1.0.7/24 mac 02:00:00:00:00:0a'),
        'b/ip-addr.txt': ipAddr('eth0 10.2.0.8/24 mac 02:00:00:00:00:0b'),
      },
      [capture('x', { namespace: 'a', interface: 'eth0', by: 'argument' })],
      [view({ macs: ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] })],
    );
    expect(wires(topology)).toEqual(['capture a:eth0 - b:eth0']);
  });
});

describe('what is missing', () => {
  it('is named where it matters', () => {
    const topology = topologyOf({
      'red/ip-addr.txt': ipAddr('lo 127.0.0.1/8', 'eth0 @if9 netnsid 0 10.5.0.2/24 fd00::2/64'),
    });
    expect(topology.missing.map((one) => `${one.namespace} ${one.dump}`)).toEqual([
      'red ip route',
      'red ip rule',
      'red iptables-save',
      'red sysctl -a',
      'red ss -lntup',
      'red ip -6 route',
      'red ip6tables-save',
      'red ip addr',
    ]);
    expect(topology.missing.at(-1)?.text).toContain('red:eth0: its other end is interface 9');
  });

  it('is said in one sentence of a namespace that nobody dumped', () => {
    const manifest = { format: 'nettrace-bundle/1' as const, namespaces: [{ name: 'blue' }] };
    const topology = topologyOf({}, [], [], { manifest });
    expect(topology.missing.map((one) => one.text)).toEqual([
      'blue: no `ip addr`; nothing of this namespace was dumped',
    ]);
  });
});
