/** Random packets of a site's hosts and processes. */
import { type Family, type Ip, parseIp } from '../../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import type { Stimulus } from '../case.ts';
import type { Random } from '../random.ts';
import { addressesOf, type FarHost, type Site } from './site.ts';

export const PORTS: readonly number[] = [1, 2, 3, 53, 80, 81, 443, 1000, 4000, 5000];

export interface PacketMix {
  /** How often a packet is IPv6, is sent by a process, goes to a group or everybody, is damaged. */
  readonly six: number;
  readonly local: number;
  readonly group: number;
  readonly damaged: number;
}

export const USUAL: PacketMix = { six: 0.25, local: 0.17, group: 0.06, damaged: 0.06 };

export function address(text: string): Ip {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return ip;
}

export function randomPacket(random: Random, site: Site, mix: PacketMix = USUAL): Stimulus {
  const family: Family = random.chance(mix.six) ? 6 : 4;
  const everybody = addressesOf(site, family);
  if (random.chance(mix.local)) {
    const namespace = random.pick(site.namespaces);
    const source = random.pick(namespace.addresses[family]);
    // A raw socket's routing doesn't look at the header's TOS.
    const skb = buildSkb({ ...randomSpec(random, family, source, random.pick(everybody)), tos: 0 });
    return { on: `local:${namespace.name}`, skb };
  }
  const host = random.pick(site.hosts);
  if (random.chance(mix.group)) return { on: host.end, skb: toGroup(random, site, host, family) };
  const source = random.chance(0.9) ? host.address[family] : random.pick(everybody);
  const destination = random.pick(everybody);
  const made = buildSkb(randomSpec(random, family, source, destination));
  const skb = random.chance(mix.damaged) ? damaged(random, made) : made;
  // Another host of the same bridge is reached directly.
  const other = site.hosts.find(
    (each) =>
      each.bridge !== undefined && each.bridge === host.bridge && each.address[family] === destination,
  );
  return { on: host.end, skb: other ? { ...skb, etherDestination: other.mac } : skb };
}

export function randomSpec(random: Random, family: Family, source: string, destination: string): SkbSpec {
  const protocol = random.pick([6, 17, 17, family === 4 ? 1 : 58]);
  return {
    source: address(source),
    destination: address(destination),
    protocol,
    payload: protocol === 6 ? 0 : random.below(30),
    ttl: random.chance(0.05) ? random.pick([1, 2]) : 64,
    id: random.below(0x10000),
    tos: random.chance(0.1) ? 0x10 : 0,
    ...(protocol === 6 || protocol === 17
      ? { sourcePort: random.pick(PORTS), destinationPort: random.pick(PORTS) }
      : { icmpId: random.below(3) + 1 }),
    ...(protocol === 6
      ? { tcpFlags: random.chance(0.85) ? 2 : random.pick([16, 18, 4, 20, 17]), tcpSequence: 1000 }
      : {}),
  };
}

const BROADCAST = 0xffffffffffff;

/** To everybody: a broadcast, a multicast group, or one host in a frame for all. */
function toGroup(random: Random, site: Site, host: FarHost, family: Family): Skb {
  const source = address(host.address[family]);
  const ports = {
    protocol: 17,
    sourcePort: 1,
    destinationPort: random.pick([2, 53, 67]),
    id: random.below(0x10000),
  };
  if (random.chance(0.3)) {
    const destination = address(random.pick(addressesOf(site, family)));
    return { ...buildSkb({ source, destination, ...ports }), etherDestination: BROADCAST };
  }
  if (family === 6) {
    const destination = address(random.pick(['ff02::1', 'ff02::2', 'ff02::fb', 'ff05::2']));
    const low = typeof destination === 'bigint' ? Number(destination & 0xffffffffn) : 0;
    return { ...buildSkb({ source, destination, ...ports }), etherDestination: 0x333300000000 + low };
  }
  const groups = ['255.255.255.255', ...site.broadcasts, '224.0.0.1', '224.0.0.251', '239.1.2.3'];
  const destination = address(random.pick(groups));
  const isMulticast = typeof destination === 'number' && destination >>> 28 === 14;
  const mac = isMulticast ? 0x01005e000000 + (Number(destination) & 0x7fffff) : BROADCAST;
  return { ...buildSkb({ source, destination, ...ports }), etherDestination: mac };
}

/** Some bytes behind the addresses are others than they should be; the IP header stays right. */
export function damaged(random: Random, skb: Skb): Skb {
  const bytes = skb.bytes.slice();
  const header = skb.family === 4 ? 20 : 40;
  for (let i = 1 + random.below(3); i > 0; i--)
    bytes[header + random.below(bytes.length - header)] = random.below(256);
  const copy = { ...skb, bytes };
  refreshLayout(copy);
  if (random.chance(0.6)) sealChecksums(copy);
  return copy;
}
