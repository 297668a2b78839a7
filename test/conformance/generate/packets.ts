/** Random packets of the router's addresses. */
import type { Family } from '../../../src/net/ip.ts';
import { parseIp } from '../../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import type { Stimulus } from '../case.ts';
import { farMac, type RouterEnd } from '../networks/router.ts';
import type { Random } from '../random.ts';

export const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  4: [
    '10.90.1.2',
    '10.90.2.2',
    '10.90.3.2',
    '10.90.3.3',
    '10.90.1.1',
    '10.90.2.1',
    '10.90.3.1',
    '10.90.1.3',
    '8.8.8.8',
  ],
  6: ['fd90:1::2', 'fd90:2::2', 'fd90:3::2', 'fd90:3::3', 'fd90:1::1', 'fd90:2::1', 'fd90:3::1', 'fd99::8'],
};
export const NETWORKS: Readonly<Record<Family, readonly string[]>> = {
  4: [
    '10.90.1.0/24',
    '10.90.2.0/24',
    '10.90.3.0/24',
    '10.90.3.2',
    '10.90.1.1',
    '10.90.2.1',
    '10.90.0.0/16',
    '8.0.0.0/8',
  ],
  6: ['fd90:1::/64', 'fd90:2::/64', 'fd90:3::/64', 'fd90:3::2', 'fd90:1::1', 'fd90:2::1', 'fd90::/16'],
};
const NEIGHBOURS: Readonly<Record<RouterEnd, readonly [string, string]>> = {
  eth0: ['10.90.1.2', 'fd90:1::2'],
  eth1: ['10.90.2.2', 'fd90:2::2'],
  p0: ['10.90.3.2', 'fd90:3::2'],
  p1: ['10.90.3.3', 'fd90:3::3'],
};
const OWN: Readonly<Record<Family, readonly string[]>> = {
  4: ['10.90.1.1', '10.90.2.1', '10.90.3.1'],
  6: ['fd90:1::1', 'fd90:2::1', 'fd90:3::1'],
};

export function address(text: string) {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return ip;
}

export function randomPacket(random: Random): Stimulus {
  const family: Family = random.chance(0.25) ? 6 : 4;
  const on = random.pick(['eth0', 'eth0', 'eth1', 'p0', 'p1', 'local'] as const);
  const source =
    on === 'local'
      ? random.pick(OWN[family])
      : random.chance(0.9)
        ? NEIGHBOURS[on][family === 4 ? 0 : 1]
        : random.pick(ADDRESSES[family]);
  const destination = random.pick(ADDRESSES[family]);
  const protocol = random.pick([6, 17, 17, family === 4 ? 1 : 58]);
  const spec: SkbSpec = {
    source: address(source),
    destination: address(destination),
    protocol,
    payload: protocol === 6 ? 0 : random.below(30),
    ttl: random.chance(0.05) ? random.pick([1, 2]) : 64,
    // A raw socket's routing doesn't look at the header's TOS.
    tos: on !== 'local' && random.chance(0.1) ? 0x10 : 0,
    ...(protocol === 6 || protocol === 17
      ? {
          sourcePort: random.pick([1, 2, 53, 80, 1000, 1001, 5000]),
          destinationPort: random.pick([1, 2, 3, 53, 80, 81, 4000, 5000]),
        }
      : { icmpId: random.below(3) + 1 }),
    ...(protocol === 6
      ? { tcpFlags: random.chance(0.85) ? 2 : random.pick([16, 18, 4, 20, 17]), tcpSequence: 1000 }
      : {}),
  };
  const skb = buildSkb(spec);
  if (on === 'local') return { on: 'local:host', skb };
  const odd = random.below(100);
  if (odd < 6) return { on, skb: toGroup(random, on, skb) };
  if (odd < 12) return { on, skb: damaged(random, skb) };
  // The other station of the bridge is reached directly.
  for (const [port, other] of [
    ['p0', 'p1'],
    ['p1', 'p0'],
  ] as const) {
    if (on === port && NEIGHBOURS[other].includes(destination)) skb.etherDestination = farMac(other);
  }
  return { on, skb };
}

const BROADCAST = 0xffffffffffff;

/** To everybody: a broadcast, a multicast group, or one host in a frame for all. */
function toGroup(random: Random, on: RouterEnd, skb: Skb): Skb {
  const [ip4, ip6] = NEIGHBOURS[on];
  const ports = { protocol: 17, sourcePort: 1, destinationPort: random.pick([2, 53, 67]) };
  if (random.chance(0.3)) return { ...skb, etherDestination: BROADCAST };
  if (skb.family === 6) {
    const group = random.pick(['ff02::1', 'ff02::2', 'ff02::fb', 'ff05::2']);
    const destination = address(group);
    const low = typeof destination === 'bigint' ? Number(destination & 0xffffffffn) : 0;
    return {
      ...buildSkb({ source: address(ip6), destination, ...ports }),
      etherDestination: 0x333300000000 + low,
    };
  }
  const destination = address(
    random.pick(['255.255.255.255', '10.90.1.255', '10.90.3.255', '224.0.0.1', '224.0.0.251', '239.1.2.3']),
  );
  const isMulticast = typeof destination === 'number' && destination >>> 28 === 14;
  const mac = isMulticast ? 0x01005e000000 + (destination & 0x7fffff) : BROADCAST;
  return { ...buildSkb({ source: address(ip4), destination, ...ports }), etherDestination: mac };
}

/** Some bytes behind the addresses are others than they should be; the IP header stays right. */
function damaged(random: Random, skb: Skb): Skb {
  const bytes = skb.bytes.slice();
  const header = skb.family === 4 ? 20 : 40;
  for (let i = 1 + random.below(3); i > 0; i--)
    bytes[header + random.below(bytes.length - header)] = random.below(256);
  const copy = { ...skb, bytes };
  refreshLayout(copy);
  if (random.chance(0.6)) sealChecksums(copy);
  return copy;
}
