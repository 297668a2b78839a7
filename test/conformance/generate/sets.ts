/** Random IP sets of every type this kernel has, over the addresses, ports and stations that packets have here. */
import type { Family } from '../../../src/net/ip.ts';
import { formatMac } from '../../../src/net/mac.ts';
import { farMac, ROUTER_ENDS } from '../networks/router.ts';
import { ROUTER_SITE } from '../networks/router-site.ts';
import type { Random } from '../random.ts';
import { addressesOf } from './site.ts';

const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  4: addressesOf(ROUTER_SITE, 4),
  6: addressesOf(ROUTER_SITE, 6),
};

export interface MadeSet {
  readonly name: string;
  readonly type: string;
  /** Of its elements; 1 for a list of sets, whose members may have more. */
  readonly dimensions: number;
  /** Absent: rules of both may name it. */
  readonly family?: Family;
}

export const PORTS = [1, 2, 3, 53, 80, 81, 1000, 4000, 5000] as const;
export const PROTOCOLS = ['tcp', 'udp', 'udp', 'sctp', 'udplite'] as const;

const TYPES = [
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'hash:ip',
  'hash:ip,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net',
  'hash:net',
  'hash:net,port',
  'hash:net,iface',
] as const;
type Type = (typeof TYPES)[number];

/** `ipset restore` text. */
export function randomSets(random: Random): { readonly text: string; readonly sets: readonly MadeSet[] } {
  const sets: MadeSet[] = [];
  let text = '';
  for (let i = 4 + random.below(5); i > 0; i--) {
    const type = random.pick(TYPES);
    const name = `s${sets.length}`;
    const family: Family = type.startsWith('hash') && random.chance(0.25) ? 6 : 4;
    text += randomSet(random, name, type, family);
    const dimensions = type.split(',').length;
    sets.push({ name, type, dimensions, ...(type === 'bitmap:port' ? {} : { family }) });
  }
  if (random.chance(0.6)) {
    const name = `s${sets.length}`;
    const options = optionsOf(random);
    text += `create ${name} list:set${options.text}\n`;
    for (let i = 1 + random.below(3); i > 0; i--) {
      text += `add -exist ${name} ${random.pick(sets).name}${extensions(random, options, '')}\n`;
    }
    sets.push({ name, type: 'list:set', dimensions: 1 });
  }
  return { text, sets };
}

interface Options {
  readonly text: string;
  readonly counters: boolean;
  readonly timeout: boolean;
  readonly skbinfo: boolean;
}

function optionsOf(random: Random): Options {
  const counters = random.chance(0.45);
  const timeout = random.chance(0.3);
  const skbinfo = random.chance(0.35);
  const comment = random.chance(0.15);
  const text = `${timeout ? ' timeout 600' : ''}${counters ? ' counters' : ''}${comment ? ' comment' : ''}${skbinfo ? ' skbinfo' : ''}`;
  return { text, counters, timeout, skbinfo };
}

function randomSet(random: Random, name: string, type: Type, family: Family): string {
  const options = optionsOf(random);
  const count = random.below(9);
  // Full, or nearly so: what packets add has little room.
  const small =
    type.startsWith('hash') && random.chance(0.2) ? ` maxelem ${Math.max(1, count + random.below(3))}` : '';
  let text = `create ${name} ${type}${shapeOf(random, type, family)}${small}${options.text}\n`;
  for (let i = 0; i < count; i++) {
    text += `add -exist ${name} ${element(random, type, family)}${extensions(random, options, type)}\n`;
  }
  return text;
}

function shapeOf(random: Random, type: Type, family: Family): string {
  if (type === 'bitmap:port') return ' range 0-4500';
  if (type === 'bitmap:ip,mac') return ` range ${random.pick(['10.90.0.0/16', '10.90.1.0-10.90.3.9'])}`;
  if (type === 'bitmap:ip' && random.chance(0.4)) {
    return ` range 10.90.0.0/16 netmask ${random.pick([20, 24, 30])}`;
  }
  if (type === 'bitmap:ip') return ` range ${random.pick(['10.90.0.0/16', '10.90.1.2-10.90.3.200'])}`;
  const six = family === 6 ? ' family inet6' : '';
  if (type !== 'hash:ip' && type !== 'hash:ip,port') return six;
  if (random.chance(0.3))
    return `${six} netmask ${random.pick(family === 4 ? [8, 16, 24, 30] : [16, 32, 64, 127])}`;
  if (random.chance(0.2))
    return `${six} bitmask ${family === 4 ? random.pick(['255.255.0.255', '0.0.255.0']) : 'ffff:ffff::ffff'}`;
  return six;
}

function element(random: Random, type: Type, family: Family): string {
  const address = () => random.pick(ADDRESSES[family]);
  switch (type) {
    case 'bitmap:ip':
      return random.pick([
        '10.90.1.2',
        '10.90.2.2',
        '10.90.3.2',
        '10.90.2.1',
        '10.90.3.3',
        '10.90.1.64/28',
        '10.90.2.1-10.90.2.9',
      ]);
    case 'bitmap:ip,mac': {
      const ip = random.pick(['10.90.1.2', '10.90.2.2', '10.90.3.2', '10.90.3.3']);
      // Without one, and with one: both of one address leave what no dump shows.
      return (ip.charCodeAt(6) + ip.charCodeAt(8)) % 2 === 1
        ? ip
        : `${ip},${formatMac(farMac(random.pick(ROUTER_ENDS)))}`;
    }
    case 'bitmap:port':
      return random.chance(0.2) ? '50-90' : String(random.pick(PORTS.filter((port) => port <= 4500)));
    case 'hash:ip':
      return address();
    case 'hash:ip,port':
      return `${address()},${port(random, family)}`;
    case 'hash:ip,port,ip':
      return `${address()},${port(random, family)},${address()}`;
    case 'hash:ip,port,net':
      return `${address()},${port(random, family)},${network(random, family)}`;
    case 'hash:net':
      return network(random, family);
    case 'hash:net,port':
      return `${network(random, family)},${port(random, family)}`;
    case 'hash:net,iface': {
      const net = random.chance(0.1) ? (family === 4 ? '0.0.0.0/0' : '::/0') : network(random, family);
      const device = random.pick(['eth0', 'eth1', 'br0', 'lo', 'physdev:p0', 'physdev:p1', 'physdev:eth0']);
      return random.chance(0.25)
        ? `${net},${random.pick(['eth', 'e', 'br', 'physdev:p'])} wildcard`
        : `${net},${device}`;
    }
  }
}

function port(random: Random, family: Family): string {
  if (random.chance(0.2))
    return family === 4
      ? `icmp:${random.pick(['echo-request', '0/0', '3/3'])}`
      : `icmpv6:${random.pick(['echo-request', '129/0', '1/4'])}`;
  if (random.chance(0.08)) return random.pick(['gre:0', 'esp:0', '99:0']);
  return `${random.pick(PROTOCOLS)}:${random.pick(PORTS)}`;
}

/** Around an address that packets have, at times just beside. */
function network(random: Random, family: Family): string {
  const length = random.pick(
    family === 4 ? [8, 15, 16, 23, 24, 24, 30, 31, 32] : [8, 16, 32, 47, 64, 64, 126, 128],
  );
  return `${random.pick(ADDRESSES[family])}/${length}`;
}

function extensions(random: Random, { counters, timeout, skbinfo }: Options, type: string): string {
  let text = '';
  if (type.includes('net') && random.chance(0.25)) text += ' nomatch';
  if (timeout && random.chance(0.4)) text += ` timeout ${random.pick([0, 300])}`;
  if (counters && random.chance(0.3)) text += ` packets ${random.below(6)} bytes ${random.below(300)}`;
  if (skbinfo && random.chance(0.6)) {
    text += ` skbmark ${random.pick(['0x1', '0x2/0x3', '0x0/0x1', '0x5/0xff'])}`;
    if (random.chance(0.4)) text += ' skbprio 1:2';
  }
  return text;
}
