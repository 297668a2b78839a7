import { describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/input/resolve.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { formatLink } from '../../src/topology/link-ref.ts';
import { directoryOf } from '../input/files.ts';

interface Device {
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly kind?: string;
  readonly data?: object;
  readonly master?: string;
}

interface Machine {
  readonly devices: readonly Device[];
  /** `address device mac` */
  readonly neighbours?: readonly string[];
}

function filesOf(host: string, { devices, neighbours = [] }: Machine): Record<string, string> {
  const links = devices.map(({ name, mac, address, kind, data, master }, index) => {
    const [local, prefixlen] = address.split('/');
    return {
      ifindex: index + 2,
      ifname: name,
      flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
      mtu: 1500,
      address: mac,
      ...(master === undefined ? {} : { master }),
      ...(kind === undefined ? {} : { linkinfo: { info_kind: kind, ...(data && { info_data: data }) } }),
      addr_info:
        address === '' ? [] : [{ family: 'inet', local, prefixlen: Number(prefixlen), scope: 'global' }],
    };
  });
  const entries = neighbours.map((line) => {
    const [dst, dev, lladdr] = line.split(' ');
    return {
      dst,
      dev,
      ...(lladdr === undefined ? {} : { lladdr }),
      state: [lladdr === undefined ? 'FAILED' : 'STALE'],
    };
  });
  return {
    [`${host}/manifest.json`]: JSON.stringify({ format: 'nettrace-bundle/1', host }),
    [`${host}/namespaces/host/ip-addr.json`]: JSON.stringify(links),
    [`${host}/namespaces/host/ip-neigh.json`]: JSON.stringify(entries),
  };
}

async function joined(...machines: Machine[]): Promise<string[]> {
  const files = Object.assign(
    {},
    ...machines.map((machine, index) => filesOf(`n${index + 1}`, machine)),
  ) as Record<string, string>;
  const inputs = await resolveInputs([directoryOf(files)]);
  expect(inputs.issues).toEqual([]);
  const topology = buildTopology(buildSnapshot(inputs).snapshot, []);
  const wires = topology.wires.map(({ ends, by }) => `${ends.map(formatLink).join(' ')} ${by}`);
  const segments = topology.segments.map(({ members, by }) => `${members.map(formatLink).join(' ')} ${by}`);
  return [...wires, ...segments];
}

const eth = (mac: string, address: string): Device => ({
  name: 'eth0',
  mac: `02:00:00:00:00:${mac}`,
  address,
});
const ONE = '02:00:00:00:00:01';
const TWO = '02:00:00:00:00:02';
const docker = (mac: string): Device => ({
  name: 'docker0',
  kind: 'bridge',
  mac: `02:42:ac:11:00:${mac}`,
  address: '172.17.0.1/16',
});
const gre = (local: string, remote: string, key?: string): Device => ({
  name: 'gre1',
  mac: '',
  address: '10.255.0.1/30',
  kind: 'gre',
  data: { local, remote, ...(key === undefined ? {} : { ikey: key }) },
});

describe('what joins two machines', () => {
  const cases: [string, Machine[], string[]][] = [
    [
      'a neighbour entry with the other’s address and MAC',
      [
        { devices: [eth('01', '192.168.1.11/24')], neighbours: [`192.168.1.12 eth0 ${TWO}`] },
        { devices: [eth('02', '192.168.1.12/24')] },
      ],
      ['n1/host:eth0 n2/host:eth0 mac'],
    ],
    [
      'a MAC alone, of another address, is nobody’s proof',
      [
        { devices: [eth('01', '192.168.1.11/24')], neighbours: [`192.168.1.1 eth0 ${TWO}`] },
        { devices: [eth('02', '192.168.1.12/24')] },
      ],
      [],
    ],
    [
      'a subnet of their own: an assumption',
      [{ devices: [eth('01', '10.44.7.1/24')] }, { devices: [eth('02', '10.44.7.2/24')] }],
      ['n1/host:eth0 n2/host:eth0 subnet'],
    ],
    [
      'a subnet that everybody has: nothing',
      [{ devices: [eth('01', '192.168.1.11/24')] }, { devices: [eth('02', '192.168.1.12/24')] }],
      [],
    ],
    ['docker0 on both: nothing', [{ devices: [docker('01')] }, { devices: [docker('02')] }], []],
    [
      'one subnet, and a gateway with two MACs: two networks',
      [
        { devices: [eth('01', '10.44.7.11/24')], neighbours: ['10.44.7.1 eth0 02:00:00:00:aa:01'] },
        { devices: [eth('02', '10.44.7.12/24')], neighbours: ['10.44.7.1 eth0 02:00:00:00:bb:01'] },
      ],
      [],
    ],
    [
      'one subnet, and the other’s address is somebody else’s there',
      [
        { devices: [eth('01', '10.44.7.11/24')], neighbours: ['10.44.7.12 eth0 02:00:00:00:cc:01'] },
        { devices: [eth('02', '10.44.7.12/24')] },
      ],
      [],
    ],
    [
      'one subnet and one address: two networks',
      [{ devices: [eth('01', '10.44.7.1/24')] }, { devices: [eth('02', '10.44.7.1/24')] }],
      [],
    ],
    [
      'three on one network',
      [
        { devices: [eth('01', '10.44.7.1/24')], neighbours: [`10.44.7.2 eth0 ${TWO}`] },
        { devices: [eth('02', '10.44.7.2/24')] },
        { devices: [eth('03', '10.44.7.3/24')], neighbours: [`10.44.7.1 eth0 ${ONE}`] },
      ],
      ['n1/host:eth0 n2/host:eth0 n3/host:eth0 mac'],
    ],
    [
      'a GRE tunnel whose ends name each other',
      [
        { devices: [eth('01', '198.51.100.1/24'), gre('198.51.100.1', '203.0.113.1')] },
        { devices: [eth('02', '203.0.113.1/24'), gre('203.0.113.1', '198.51.100.1')] },
      ],
      ['n1/host:gre1 n2/host:gre1 tunnel'],
    ],
    [
      'not one whose keys differ',
      [
        { devices: [eth('01', '198.51.100.1/24'), gre('198.51.100.1', '203.0.113.1', '0.0.0.7')] },
        { devices: [eth('02', '203.0.113.1/24'), gre('203.0.113.1', '198.51.100.1', '0.0.0.8')] },
      ],
      [],
    ],
  ];
  it.each(cases)('%s', async (_, machines, expected) => {
    expect(await joined(...machines)).toEqual(expected);
  });
});
