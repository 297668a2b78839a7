/** Nothing that a dump or a capture may hold makes the model throw or hang. */
import { describe, expect, it } from 'vitest';
import { probe } from '../../src/netstack/probe.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { layoutOf } from '../../src/skb/layout.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { randomPacket } from '../conformance/generate/packets.ts';
import { ROUTER_SITE } from '../conformance/networks/router-site.ts';
import { Random } from '../conformance/random.ts';
import { ip, type NetnsSpec, network, way } from './support/lab.ts';

const ROUTER: NetnsSpec = {
  links: [
    'eth0 10.90.1.1/24 fd90:1::1/64',
    'eth1 10.90.2.1/24 fd90:2::1/64',
    'br0 10.90.3.1/24 kind=bridge',
    'p0 master=br0',
    'p1 master=br0',
  ],
  routes: 'default via 10.90.2.2 dev eth1',
  sysctl: {
    'net.ipv4.ip_forward': 1,
    'net.ipv6.conf.all.forwarding': 1,
    'net.bridge.bridge-nf-call-iptables': 1,
  },
  iptables: `*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 1:100 -j MARK --set-mark 1
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -j DNAT --to-destination 10.90.3.2
-A POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j REJECT
COMMIT
`,
};

/** A packet with some bytes changed, cut or made longer. */
function mangled(random: Random, skb: Skb): Skb | undefined {
  let bytes = skb.bytes.slice();
  for (let i = random.below(6); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  if (random.chance(0.3)) bytes = bytes.slice(0, random.below(bytes.length + 1));
  const layout = layoutOf(bytes);
  return layout && { ...skb, ...layout, bytes };
}

describe('whatever comes', () => {
  it.each([1, 2, 3, 4])('broken packets, seed %i', (seed) => {
    const random = new Random(seed);
    const { world } = network({ r: ROUTER }, [], { respond: true });
    let passed = 0;
    for (let i = 0; i < 500; i++) {
      const { on, skb } = randomPacket(random, ROUTER_SITE);
      const broken = mangled(random, { ...skb, time: i });
      if (!broken) continue;
      const trace = on.startsWith('local:')
        ? world.sendLocal('r', broken)
        : world.receive({ namespace: 'r', name: on }, broken);
      if (trace.hops.length > 0) passed++;
    }
    expect(passed).toBeGreaterThan(300);
  });

  it('chains that lead round in circles', () => {
    const filter = (rules: string) =>
      `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n${rules}COMMIT\n`;
    for (const rules of [
      '-A OUTPUT -j A\n-A A -j B\n-A B -j A\n',
      '-A OUTPUT -g A\n-A A -g B\n-A B -g A\n',
    ]) {
      const { world } = network({ a: { links: ['eth0 10.0.0.1/24'], iptables: filter(rules) } }, []);
      const { there } = probe(world, { from: 'a', to: ip('10.0.0.2'), protocol: 1 });
      expect(way(there)).toBe('a >eth0 = unknown');
    }
  });

  it('bridges joined in a circle', () => {
    const bridge = (address: string): NetnsSpec => ({
      links: [`br0 ${address}/24 kind=bridge`, 'p0 master=br0', 'p1 master=br0'],
      iptables: '',
    });
    const { world } = network({ a: bridge('10.0.0.1'), b: bridge('10.0.0.2') }, ['a:p0=b:p0', 'a:p1=b:p1']);
    const trace = world.sendLocal(
      'a',
      buildSkb({
        source: ip('10.0.0.1'),
        destination: ip('10.0.0.255'),
        protocol: 17,
        sourcePort: 1,
        destinationPort: 2,
      }),
    );
    expect(trace.verdict).toBe('delivered');
  });

  it('namespaces and interfaces that nobody dumped', () => {
    const { world } = network({ a: { links: [] } }, []);
    const skb = buildSkb({ source: ip('10.0.0.1'), destination: ip('10.0.0.2'), protocol: 17 });
    expect(way(world.receive({ namespace: 'nowhere', name: 'eth7' }, skb))).toMatch(
      /^nowhere eth7 = (dropped|rejected|unknown)/,
    );
    expect(way(world.sendLocal('elsewhere', skb))).toMatch(/^elsewhere = (dropped|unknown)/);
    expect(way(world.receive({ namespace: 'a', name: 'eth0' }, skb))).toMatch(
      /^a eth0 = (dropped|rejected|unknown)/,
    );
    expect(world.counters('nobody')).toBe('');
  });
});
