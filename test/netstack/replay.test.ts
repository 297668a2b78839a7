import { describe, expect, it } from 'vitest';
import { replay } from '../../src/netstack/replay.ts';
import { createWorld } from '../../src/netstack/world.ts';
import { buildSkb } from '../../src/skb/build.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { makeTopology } from '../../src/topology/build.ts';
import { ip, type NetnsSpec, network } from './support/lab.ts';

const HOST: NetnsSpec = {
  links: ['eth0 192.0.2.1/24', 'br0 10.0.0.1/24 kind=bridge', 'v1 master=br0', 'v2 master=br0'],
  routes: 'default via 192.0.2.254 dev eth0',
  sysctl: { 'net.ipv4.ip_forward': 1, 'net.bridge.bridge-nf-call-iptables': 0 },
  iptables: `*nat
:PREROUTING ACCEPT [7:700]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[5:500] -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
COMMIT
`,
};
const C1: NetnsSpec = { links: ['eth0 10.0.0.2/24'], routes: 'default via 10.0.0.1 dev eth0', iptables: '' };
const C2: NetnsSpec = { links: ['eth0 10.0.0.3/24'], routes: 'default via 10.0.0.1 dev eth0', iptables: '' };

const lab = () => network({ host: HOST, c1: C1, c2: C2 }, ['host:v1=c1:eth0', 'host:v2=c2:eth0']).world;

function udp(
  source: string,
  destination: string,
  ports: [number, number],
  number: number,
  time: number,
): Skb {
  return buildSkb({
    source: ip(source),
    destination: ip(destination),
    protocol: 17,
    sourcePort: ports[0],
    destinationPort: ports[1],
    payload: 4,
    time,
    origin: { file: 'in.pcap', number },
  });
}

describe('replay', () => {
  it('merges by time, and keeps state between packets', () => {
    const world = lab();
    const lines = [
      ...replay(world, [
        {
          at: { kind: 'wire', link: { namespace: 'host', name: 'eth0' } },
          packets: [udp('8.8.8.8', '192.0.2.1', [53, 4000], 1, 11)],
        },
        {
          at: { kind: 'local', namespace: 'c1' },
          packets: [
            udp('10.0.0.2', '8.8.8.8', [4000, 53], 1, 10),
            udp('10.0.0.2', '8.8.8.8', [4000, 53], 2, 12),
          ],
        },
      ]),
    ].map(({ line }) => line);
    expect(
      lines.map(({ packet, verdict, hops }) => [
        packet.time,
        verdict,
        hops.map((hop) => `${hop.namespace} ${hop.in ?? ''}>${hop.out ?? ''}`),
      ]),
    ).toEqual([
      [10, 'forwarded', ['c1 >eth0', 'host br0>eth0']],
      [11, 'delivered', ['host eth0>br0', 'c1 eth0>']],
      [12, 'forwarded', ['c1 >eth0', 'host br0>eth0']],
    ]);
    expect(lines[0]?.final).toMatchObject({
      source: '192.0.2.1',
      destination: '8.8.8.8',
      sourcePort: 4000,
      ttl: 63,
    });
    expect(lines[1]?.final).toMatchObject({
      source: '8.8.8.8',
      destination: '10.0.0.2',
      destinationPort: 4000,
    });
    expect(
      lines.map(({ hops }) => hops.flatMap((hop) => hop.steps).filter((step) => step.kind === 'rule').length),
    ).toEqual([1, 0, 0]);
  });

  it('counts from zero, like the kernel', () => {
    const world = lab();
    world.sendLocal('c1', udp('10.0.0.2', '8.8.8.8', [4000, 53], 1, 10));
    world.sendLocal('c1', udp('10.0.0.2', '8.8.8.8', [4000, 53], 2, 11));
    world.sendLocal('c1', udp('10.0.0.2', '8.8.8.8', [4001, 53], 3, 12));
    expect(world.counters('host')).toBe(
      '*nat\n:PREROUTING ACCEPT [2:64]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n[2:64] -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE\nCOMMIT\n',
    );
  });

  it('answers only when asked to', () => {
    const quiet = lab();
    const closed = udp('10.0.0.2', '10.0.0.3', [1, 2], 1, 1);
    expect(quiet.sendLocal('c1', closed).answers).toEqual([]);
    const loud = network(
      { host: HOST, c1: C1, c2: { ...C2, ss: '' } },
      ['host:v1=c1:eth0', 'host:v2=c2:eth0'],
      { respond: true },
    ).world;
    const [answer] = loud.sendLocal('c1', closed).answers;
    expect(answer?.final).toMatchObject({
      source: '10.0.0.3',
      destination: '10.0.0.2',
      icmpType: 3,
      icmpCode: 3,
    });
    expect(answer?.namespace).toBe('c1');
  });

  it('shows where a capture would have seen it', () => {
    const trace = lab().sendLocal('c1', udp('10.0.0.2', '10.0.0.3', [1, 2], 1, 1));
    expect(
      trace.taps.map(
        (tap) => `${tap.namespace}:${tap.interface} ${tap.direction}${tap.promiscuous ? ' promiscuous' : ''}`,
      ),
    ).toEqual(['c1:eth0 out', 'host:v1 in', 'host:br0 in promiscuous', 'host:v2 out', 'c2:eth0 in']);
  });

  it('takes the dumped connections for alive when told so', () => {
    const original = {
      family: 4,
      protocol: 17,
      source: ip('10.0.0.2'),
      destination: ip('8.8.8.8'),
      sourcePort: 4000,
      destinationPort: 53,
      zone: 0,
    } as const;
    const reply = {
      ...original,
      source: original.destination,
      destination: original.source,
      sourcePort: 53,
      destinationPort: 4000,
    };
    const { snapshot } = network({ host: HOST, c1: C1 }, []);
    const host = snapshot.namespaces.get('host');
    if (!host) throw new Error('no host');
    const entry = {
      id: 1,
      original,
      reply,
      mark: 0,
      confirmed: true,
      seenReply: false,
      assured: false,
      expected: false,
      srcNat: false,
      dstNat: false,
      srcNatDone: true,
      dstNatDone: true,
      expires: 0,
      packets: { original: 1, reply: 0 },
      bytes: { original: 32, reply: 0 },
      labels: new Set<number>(),
    };
    snapshot.namespaces.set('host', {
      ...host,
      conntrack: [{ entry, timeout: 20, span: { path: 'conntrack', line: 1 } }],
    });
    const topology = makeTopology(snapshot.namespaces, [
      {
        ends: [
          { namespace: 'host', name: 'v1' },
          { namespace: 'c1', name: 'eth0' },
        ],
        by: 'ifindex',
      },
    ]);
    const first = (time: number) =>
      createWorld(snapshot, topology, { conntrackAt: 100 }).sendLocal(
        'c1',
        udp('10.0.0.2', '8.8.8.8', [4000, 53], 1, time),
      ).final.source;
    // A connection without NAT stays without; when its time is up, the rule is asked.
    expect(first(110)).toBe('10.0.0.2');
    expect(first(130)).toBe('192.0.2.1');
    // What was read stays as it was, for the next world and for whoever prints it.
    expect(entry).toMatchObject({ packets: { original: 1, reply: 0 }, bytes: { original: 32, reply: 0 } });
  });
});
