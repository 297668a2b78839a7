import { expect, it } from 'vitest';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { describeTopology } from '../../src/topology/describe.ts';
import { inputsOf, ipAddr } from '../snapshot/dumps.ts';

it('describes namespaces, links, routes and captures as plain data', () => {
  const { snapshot } = buildSnapshot(
    inputsOf({
      'host/ip-addr.txt': ipAddr(
        'lo 127.0.0.1/8',
        'br0 10.5.0.1/24 fd00::1/64 kind bridge',
        'va index 7 @if2 netnsid 0 down master br0',
      ),
      'host/ip-route.txt':
        'default via 10.5.0.9 dev br0 \n10.5.0.0/24 dev br0 proto kernel scope link src 10.5.0.1 \n',
      'red/ip-addr.txt': ipAddr('eth0 @if7 netnsid 0 10.5.0.2/24'),
    }),
  );
  const described = describeTopology(
    buildTopology(snapshot, [
      {
        path: 'x/br0.pcap',
        namespace: 'host',
        interface: 'br0',
        by: 'bundle',
        open: () => ({ read: () => undefined, close: () => {} }),
      },
    ]),
  );
  expect(JSON.parse(JSON.stringify(described))).toEqual(described);
  expect(described.captures).toEqual([
    { path: 'x/br0.pcap', namespace: 'host', interface: 'br0', by: 'bundle' },
  ]);
  expect(described.namespaces).toEqual([
    {
      name: 'host',
      inferred: false,
      links: [
        { name: 'lo', index: 1, up: true, addresses: ['127.0.0.1/8'] },
        {
          name: 'br0',
          index: 3,
          kind: 'bridge',
          mac: '02:00:00:00:00:03',
          up: true,
          addresses: ['10.5.0.1/24', 'fd00::1/64'],
        },
        {
          name: 'va',
          index: 7,
          mac: '02:00:00:00:00:07',
          up: false,
          master: 'br0',
          addresses: [],
          peer: { namespace: 'red', interface: 'eth0' },
        },
      ],
      routes: [
        'default via 10.5.0.9 dev br0',
        '10.5.0.0/24 dev br0 proto kernel scope link src 10.5.0.1',
        'fd00::/64 dev br0 proto kernel metric 256',
      ],
    },
    {
      name: 'red',
      inferred: false,
      links: [
        {
          name: 'eth0',
          index: 2,
          mac: '02:00:00:00:00:02',
          up: true,
          addresses: ['10.5.0.2/24'],
          peer: { namespace: 'host', interface: 'va' },
        },
      ],
      routes: ['10.5.0.0/24 dev eth0 proto kernel scope link src 10.5.0.2'],
    },
  ]);
  expect(described.missing.length).toBeGreaterThan(0);
});

it('lists segments, and marks what is inferred', () => {
  const { snapshot } = buildSnapshot(
    inputsOf({
      'a/ip-addr.txt': ipAddr('eth0 10.5.0.2/24'),
      'b/ip-addr.txt': ipAddr('eth0 10.5.0.3/24'),
      'c/ip-route.txt': '10.5.0.0/24 dev eth7 proto kernel scope link src 10.5.0.4\n',
    }),
  );
  const described = describeTopology(buildTopology(snapshot, []));
  expect(described.segments).toEqual([
    {
      members: [
        { namespace: 'a', interface: 'eth0' },
        { namespace: 'b', interface: 'eth0' },
        { namespace: 'c', interface: 'eth7' },
      ],
      by: 'subnet',
    },
  ]);
  expect(described.namespaces.map((netns) => netns.links.map((link) => link.inferred ?? false))).toEqual([
    [false],
    [false],
    [true],
  ]);
});
